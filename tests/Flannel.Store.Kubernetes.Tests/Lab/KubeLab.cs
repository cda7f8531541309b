using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Lab.Logging;
using Flannel.Store.Kubernetes.Access;
using Flannel.Store.Kubernetes.Diagnostics;

namespace Flannel.Store.Kubernetes.Tests.Lab;

/// <summary>A fake API server, a configuration file and the store of one node.</summary>
internal sealed class KubeLab : IAsyncDisposable
{
    public const string Prefix = "flannel.alpha.coreos.com";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-kube-");
    private readonly List<IAsyncDisposable> _owned = [];
    private int _uid;

    private KubeLab(FakeApiServer api)
    {
        Api = api;
        ConfigPath = Path.Combine(_folder.FullName, "net-conf.json");
        WriteConfig("""{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan"}}""");
        Options = new KubernetesStoreOptions
        {
            ApiServer = api.Address,
            NodeName = "host1",
            ConfigFile = ConfigPath,
            RequestTimeout = TimeSpan.FromSeconds(10),
        };
    }

    public FakeApiServer Api { get; }

    public string Folder => _folder.FullName;

    public string ConfigPath { get; }

    public KubernetesStoreOptions Options { get; }

    public FlannelOptions NodeOptions { get; } = new() { PeerGracePeriod = TimeSpan.Zero, MassRemovalGracePeriod = TimeSpan.Zero };

    public KubernetesEnvironment Environment { get; set; } = new();

    public RecordingLogger<KubernetesSubnetManager> Logger { get; } = new();

    public static async Task<KubeLab> StartAsync(params int[] hosts)
    {
        var lab = new KubeLab(await FakeApiServer.StartAsync());
        foreach (int host in hosts)
            lab.PutNode(host, managed: host != 1);
        return lab;
    }

    public static LeaseAttributes Attributes(int host = 1) => new()
    {
        PublicIP = IPAddress.Parse($"192.168.205.{9 + host}"),
        BackendType = "vxlan",
        BackendData = Data(host),
    };

    public static string Data(int host) => $"{{\"VNI\":1,\"VtepMAC\":\"aa:bb:cc:00:{host >> 8:x2}:{host & 0xff:x2}\"}}";

    public void WriteConfig(string text) => File.WriteAllText(ConfigPath, text);

    /// <summary>A Node as a kubelet registers it, perhaps with what flannel has published.</summary>
    public JsonObject NewNode(int host, bool managed = true, string? cidr = "", params (string Name, string? Value)[] annotations)
    {
        const string Template = """
            {"kind":"Node","apiVersion":"v1","metadata":{"name":"hostNUMBER","uid":"uid-UID",
             "creationTimestamp":"2026-01-01T00:00:SECONDSZ","labels":{"kubernetes.io/hostname":"hostNUMBER"},
             "annotations":{"node.alpha.kubernetes.io/ttl":"0"},"managedFields":[{"manager":"kubelet","fieldsV1":{"f:metadata":{"f:annotations":{".":{}}}}}]},
             "spec":{},"status":{"addresses":[{"type":"InternalIP","address":"192.168.205.1"}],
             "conditions":[{"type":"Ready","status":"True","reason":"KubeletReady"}]}}
            """;
        var node = (JsonObject)JsonNode.Parse(Template
            .Replace("NUMBER", host.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("UID", Interlocked.Increment(ref _uid).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("SECONDS", (host % 60).ToString("00", CultureInfo.InvariantCulture), StringComparison.Ordinal))!;
        if (cidr is not null)
        {
            string range = cidr.Length > 0 ? cidr : $"10.244.{host}.0/24";
            node["spec"]!["podCIDR"] = range.Split(',')[0];
            node["spec"]!["podCIDRs"] = new JsonArray([.. range.Split(',').Select(part => (JsonNode)part)]);
        }

        var published = (JsonObject)node["metadata"]!["annotations"]!;
        if (managed)
        {
            published[$"{Prefix}/kube-subnet-manager"] = "true";
            published[$"{Prefix}/backend-type"] = "vxlan";
            published[$"{Prefix}/backend-data"] = Data(host);
            published[$"{Prefix}/public-ip"] = $"192.168.205.{9 + host}";
        }

        foreach ((string name, string? value) in annotations)
        {
            if (value is null)
                published.Remove($"{Prefix}/{name}");
            else
                published[$"{Prefix}/{name}"] = value;
        }

        return node;
    }

    public JsonObject PutNode(int host, bool managed = true, string? cidr = "", params (string Name, string? Value)[] annotations) =>
        Api.Nodes.Put(NewNode(host, managed, cidr, annotations));

    /// <summary>Changes annotations of a Node as somebody else would.</summary>
    public void Annotate(int host, params (string Name, string? Value)[] annotations) => Api.Nodes.Change($"host{host}", node =>
    {
        var published = (JsonObject)node["metadata"]!["annotations"]!;
        foreach ((string name, string? value) in annotations)
        {
            if (value is null)
                published.Remove($"{Prefix}/{name}");
            else
                published[$"{Prefix}/{name}"] = value;
        }
    });

    public string? Annotation(int host, string name) => (string?)Api.Nodes.Get($"host{host}")?["metadata"]?["annotations"]?[$"{Prefix}/{name}"];

    public KubernetesSubnetManager NewManager(TimeProvider? time = null) =>
        new(Options, Environment, () => NodeOptions, time ?? TimeProvider.System, new Random(1), Logger, new KubernetesMetrics(null, ""));

    public LeaseRequest Request(NetworkConfig config, LeaseAttributes? attributes = null) =>
        new() { Config = config, Attributes = attributes ?? Attributes() };

    /// <summary>Opens and acquires.</summary>
    public async Task<ISubnetMembership> AcquireAsync(
        KubernetesSubnetManager? manager = null, LeaseAttributes? attributes = null, Func<Lease, string?>? rule = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        ISubnetView view = await (manager ?? NewManager()).OpenAsync(limit.Token);
        return await view.AcquireAsync(Request(view.ReadConfig(), attributes) with { PeerRule = rule }, limit.Token);
    }

    /// <summary>Opens, acquires and follows.</summary>
    public async Task<LeaseFollower> JoinAsync(
        KubernetesSubnetManager? manager = null, LeaseAttributes? attributes = null, Func<Lease, string?>? rule = null)
    {
        var follower = new LeaseFollower(await AcquireAsync(manager, attributes, rule));
        _owned.Add(follower);
        return follower;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable owned in _owned)
            await owned.DisposeAsync();
        await Api.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
