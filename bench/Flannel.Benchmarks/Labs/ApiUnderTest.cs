using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Flannel.Benchmarks.Overlays;

namespace Flannel.Benchmarks.Labs;

/// <summary>
/// What a Kubernetes API server says to one agent, over HTTP in a namespace of its own: the own Node, a list of all Nodes, a watch on which nothing
/// happens, and patches. It answers from memory, so that what is measured is the agent.
/// </summary>
internal sealed class ApiUnderTest : IDisposable
{
    /// <summary>The Node that the agent is.</summary>
    public const string OwnName = "node-own";

    /// <summary>How large a Node is on a host with many images: as large as a kubelet makes it.</summary>
    public const int NodeBytes = 18_000;

    private const int Port = 8080;
    private static readonly IPAddress Address = IPAddress.Parse("172.31.255.254");

    private readonly Lab _lab;
    private readonly LabHost _server;
    private readonly HttpListener _listener = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentQueue<(string Verb, string Query)> _requests = new();
    private readonly byte[][] _peers;
    private JsonObject _annotations = [];

    private ApiUnderTest(Lab lab, LabHost server, IEnumerable<Peer> peers)
    {
        _lab = lab;
        _server = server;
        _peers = [.. peers.Select(ToNode)];
        _listener.Prefixes.Add(string.Create(CultureInfo.InvariantCulture, $"http://*:{Port}/"));
    }

    public static string Endpoint => string.Create(CultureInfo.InvariantCulture, $"http://{Address}:{Port}");

    /// <summary>The requests so far: verb, and for watches what they ask.</summary>
    public IReadOnlyList<(string Verb, string Query)> Requests => [.. _requests];

    public static ApiUnderTest Start(Lab lab, IEnumerable<Peer> peers)
    {
        LabHost server = lab.Add("api");
        server.AddAddress("lo", Address, 32);
        var api = new ApiUnderTest(lab, server, peers);
        server.Namespace.Run(api._listener.Start); // a socket belongs to the namespace of the thread that makes it
        _ = api.AcceptAsync(); // ends with the listener
        return api;
    }

    /// <summary>Forgets the requests and what was published.</summary>
    public void Reset()
    {
        _requests.Clear();
        _annotations = [];
    }

    /// <summary>Adds a host at <see cref="LabHost.LoneAddress"/>; one at a time.</summary>
    public LabHost AddHost(string role) => EtcdLab.AddHost(_lab, _server, role);

    public void Dispose()
    {
        _stopping.Cancel();
        _listener.Close();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = AnswerAsync(await _listener.GetContextAsync());
        }
        catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            string path = context.Request.Url!.AbsolutePath;
            string query = context.Request.Url.Query;
            context.Response.ContentType = "application/json";
            if (query.Contains("watch=", StringComparison.Ordinal) && !query.Contains("watch=false", StringComparison.Ordinal))
            {
                _requests.Enqueue(("watch", query));
                context.Response.SendChunked = true;
                await context.Response.OutputStream.FlushAsync(_stopping.Token);
                await Task.Delay(Timeout.Infinite, _stopping.Token);
            }
            else if (context.Request.HttpMethod == "PATCH")
            {
                _requests.Enqueue(("patch", ""));
                var patch = (JsonObject)(await JsonNode.ParseAsync(context.Request.InputStream))!;
                foreach ((string name, JsonNode? value) in patch["metadata"]?["annotations"] as JsonObject ?? [])
                    _annotations[name] = value?.DeepClone();
                await SendAsync(context, [Own()]);
            }
            else if (path.EndsWith("/nodes", StringComparison.Ordinal))
            {
                _requests.Enqueue(("list", query));
                await SendAsync(context, List());
            }
            else
            {
                _requests.Enqueue(("get", ""));
                await SendAsync(context, [Own()]);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or HttpListenerException or IOException or ObjectDisposedException)
        {
            // The agent was ended, or the bench is over.
        }
    }

    private IEnumerable<byte[]> List()
    {
        yield return """{"kind":"NodeList","apiVersion":"v1","metadata":{"resourceVersion":"1000"},"items":["""u8.ToArray();
        yield return Own();
        foreach (byte[] peer in _peers)
        {
            yield return [(byte)','];
            yield return peer;
        }

        yield return "]}"u8.ToArray();
    }

    private static async Task SendAsync(HttpListenerContext context, IEnumerable<byte[]> parts)
    {
        byte[] body = [.. parts.SelectMany(static part => part)];
        context.Response.ContentLength64 = body.Length;
        await context.Response.OutputStream.WriteAsync(body);
        context.Response.Close();
    }

    private byte[] Own() => ToNode(OwnName, Peer.OwnSubnet, LabHost.LoneAddress, (JsonObject)_annotations.DeepClone());

    private static byte[] ToNode(Peer peer) => ToNode(
        string.Create(CultureInfo.InvariantCulture, $"node-{peer.Number}"), peer.Subnet, peer.Host, new JsonObject
        {
            ["flannel.alpha.coreos.com/backend-data"] = $$"""{"VNI":1,"VtepMAC":"{{peer.MacText}}"}""",
            ["flannel.alpha.coreos.com/backend-type"] = "vxlan",
            ["flannel.alpha.coreos.com/kube-subnet-manager"] = "true",
            ["flannel.alpha.coreos.com/public-ip"] = peer.Host.ToString(),
        });

    private static byte[] ToNode(string name, IPNetwork subnet, IPAddress address, JsonObject annotations)
    {
        var images = new JsonArray();
        var node = new JsonObject
        {
            ["kind"] = "Node",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["uid"] = $"00000000-0000-0000-0000-{(uint)name.GetHashCode(StringComparison.Ordinal):D12}",
                ["resourceVersion"] = "1000",
                ["annotations"] = annotations,
            },
            ["spec"] = new JsonObject { ["podCIDR"] = subnet.ToString(), ["podCIDRs"] = new JsonArray(subnet.ToString()) },
            ["status"] = new JsonObject
            {
                ["addresses"] = new JsonArray(new JsonObject { ["type"] = "InternalIP", ["address"] = address.ToString() }),
                ["images"] = images,
            },
        };
        for (int length = node.ToJsonString().Length, image = 0; length < NodeBytes; image++)
        {
            var next = new JsonObject
            {
                ["names"] = new JsonArray(
                    $"registry.example/image-{image}@sha256:{new string('a', 64)}", $"registry.example/image-{image}:v1.{image}"),
                ["sizeBytes"] = 100_000_000 + image,
            };
            length += next.ToJsonString().Length + 1;
            images.Add(next);
        }

        return Encoding.UTF8.GetBytes(node.ToJsonString());
    }
}
