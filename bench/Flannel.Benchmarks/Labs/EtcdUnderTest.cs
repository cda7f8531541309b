using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Flannel.Benchmarks.Labs;

/// <summary>A real etcd of one member. Its files are in memory, so that the disk does not decide what is measured.</summary>
internal sealed class EtcdUnderTest : IDisposable
{
    /// <summary>Below which key networks are, unless a bench needs several.</summary>
    public const string Prefix = "/coreos.com/network";

    private const int ClientPort = 23790;
    private const int PeerPort = 23800;
    private const int MostOperations = 128; // of one transaction, by etcd's default
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly HttpClient _http;

    private EtcdUnderTest(Process process, HttpClient http) => (_process, _http) = (process, http);

    /// <summary>Where clients connect.</summary>
    public string Endpoint => _http.BaseAddress!.GetLeftPart(UriPartial.Authority);

    /// <summary>How much memory it takes, in MB.</summary>
    public double ResidentMegabytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 / 1e6;
        }
    }

    /// <summary>Starts one and waits until it answers.</summary>
    /// <param name="host">The namespace to run in; <see langword="null"/> for the bench's own.</param>
    /// <param name="address">The address to listen on.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="BenchException">It does not start, or is not installed.</exception>
    public static async Task<EtcdUnderTest> StartAsync(LabHost? host, IPAddress address, CancellationToken cancellationToken)
    {
        string client = $"http://{address}:{ClientPort}";
        string peer = $"http://{address}:{PeerPort}";
        string[] arguments =
        [
            $"--data-dir={Path.Combine(Lab.Directory, $"etcd-{Guid.NewGuid():N}")}", $"--listen-client-urls={client}",
            $"--advertise-client-urls={client}",
            $"--listen-peer-urls={peer}", $"--initial-advertise-peer-urls={peer}", $"--initial-cluster=default={peer}",
            "--logger=zap", "--log-level=error",
        ];
        var etcd = new EtcdUnderTest(
            host is null ? Command.Start("etcd", arguments) : Command.Start(host, "etcd", arguments),
            new HttpClient(new SocketsHttpHandler { ConnectCallback = (context, token) => ConnectAsync(host, context, token) })
            {
                BaseAddress = new Uri(client),
            });
        try
        {
            await etcd.WaitUntilHealthyAsync(cancellationToken);
            return etcd;
        }
        catch
        {
            etcd.Dispose();
            throw;
        }
    }

    /// <summary>Puts a network's configuration in place.</summary>
    public Task PutConfigAsync(string prefix, string config, CancellationToken cancellationToken) =>
        PutAsync([($"{prefix}/config", Encoding.UTF8.GetBytes(config))], cancellationToken);

    /// <summary>Puts leases in place that never end.</summary>
    public Task PutLeasesAsync(string prefix, IEnumerable<Lease> leases, CancellationToken cancellationToken) =>
        PutAsync(leases.Select(lease => ($"{prefix}/subnets/{lease.Key}", lease.Attributes.ToUtf8Json())), cancellationToken);

    /// <summary>Watches everything below a prefix from now on.</summary>
    public async Task<EtcdWatch> WatchAsync(string prefix, CancellationToken cancellationToken)
    {
        var request = new JsonObject { ["create_request"] = new JsonObject { ["key"] = Base64(prefix + "/"), ["range_end"] = Base64(prefix + "0") } };
        using var message = new HttpRequestMessage(HttpMethod.Post, new Uri("/v3/watch", UriKind.Relative)) { Content = JsonContent.Create(request) };
        HttpResponseMessage answer = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        var lines = new StreamReader(await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(cancellationToken));
        await lines.ReadLineAsync(cancellationToken); // that the watch was created
        return new EtcdWatch(lines);
    }

    /// <summary>How many requests it has got so far, streams included.</summary>
    public async Task<double> CountRequestsAsync(CancellationToken cancellationToken)
    {
        string metrics = await _http.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellationToken);
        return metrics.Split('\n')
            .Where(static line => line.StartsWith("grpc_server_started_total{", StringComparison.Ordinal))
            .Sum(static line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    public void Dispose()
    {
        _http.Dispose();
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static async ValueTask<Stream> ConnectAsync(LabHost? host, SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        // A socket belongs to the namespace of the thread that makes it, for good.
        Socket socket = host is null ? NewSocket() : host.Namespace.Run(NewSocket);
        await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);

        static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    }

    private async Task WaitUntilHealthyAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartLimit);
        while (true)
        {
            try
            {
                if ((await _http.GetStringAsync(new Uri("/health", UriKind.Relative), limit.Token)).Contains("true", StringComparison.Ordinal))
                    return;
            }
            catch (HttpRequestException) when (!_process.HasExited)
            {
                await Task.Delay(50, limit.Token);
            }
            catch (Exception exception) when (
                exception is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                throw new BenchException($"etcd does not start: {exception.Message}");
            }
        }
    }

    private async Task PutAsync(IEnumerable<(string Key, byte[] Value)> entries, CancellationToken cancellationToken)
    {
        foreach ((string Key, byte[] Value)[] part in entries.Chunk(MostOperations))
        {
            var operations = new JsonArray([.. part.Select(static entry => new JsonObject
            {
                ["request_put"] = new JsonObject
                {
                    ["key"] = Base64(entry.Key),
                    ["value"] = Convert.ToBase64String(entry.Value),
                },
            })]);
            using HttpResponseMessage answer = await _http.PostAsJsonAsync(
                new Uri("/v3/kv/txn", UriKind.Relative), new JsonObject { ["success"] = operations }, cancellationToken);
            answer.EnsureSuccessStatusCode();
        }
    }
}
