using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Flannel.Lab.Flanneld;
using Flannel.Lab.Kubernetes;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Integration.Tests.Kubernetes;

/// <summary>
/// A cluster: a real API server with the manifest applied, and hosts on which flanneld runs as the manifest's pods do: its arguments, its
/// configuration, and the service account's files where a kubelet puts them.
/// </summary>
internal sealed class KubeOverlay : IAsyncDisposable
{
    public const int HealthPort = 8081;
    private const string Account = "/run/secrets/kubernetes.io/serviceaccount";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-kube-overlay-");
    private readonly List<FlanneldProcess?> _agents = [];

    private KubeOverlay(NetworkLab lab, KubeApiServer api) => (Lab, Api) = (lab, api);

    public NetworkLab Lab { get; }

    public KubeApiServer Api { get; }

    public string ConfigFile => Path.Combine(_folder.FullName, "net-conf.json");

    public IReadOnlyList<FlanneldProcess?> Agents => _agents;

    /// <summary>Brings up the API server with the manifest, and hosts without agents. Skips where something is missing.</summary>
    public static async Task<KubeOverlay> StartAsync(int hosts = 2)
    {
        Skip.If(Netns.Obstacle is not null, Netns.Obstacle);
        NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = hosts, DualStack = true });
        KubeApiServer? api = null;
        try
        {
            api = await KubeApiServer.StartAsync(lab.Underlay);

            // The role of the laboratory's own API server makes way for the manifest's.
            await api.SendAsync(HttpMethod.Delete, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/flannel");
            await api.SendAsync(HttpMethod.Delete, "/apis/rbac.authorization.k8s.io/v1/clusterroles/flannel");
            await Manifest.ApplyAsync(api);
            var overlay = new KubeOverlay(lab, api);
            await File.WriteAllTextAsync(overlay.ConfigFile, Manifest.ConfigFile("net-conf.json"));
            await overlay.MountAsync(await api.CreateTokenAsync());
            return overlay;
        }
        catch
        {
            if (api is not null) await api.DisposeAsync();
            await lab.DisposeAsync();
            throw;
        }
    }

    public static string NodeOf(int host) => string.Create(CultureInfo.InvariantCulture, $"host{host + 1}");

    public string SubnetFileOf(int host) => Path.Combine(_folder.FullName, string.Create(CultureInfo.InvariantCulture, $"subnet-{host}.env"));

    /// <summary>Starts a host's agent; its Node may be there or not.</summary>
    /// <param name="host">Which host.</param>
    /// <param name="environment">Its variables beside those of every pod; by default the Node's name.</param>
    public FlanneldProcess Launch(int host, params string[] environment)
    {
        while (_agents.Count <= host) _agents.Add(null);
        FlanneldProcess agent = FlanneldProcess.StartBy(
            PodOf(environment.Length > 0 ? environment : [$"NODE_NAME={NodeOf(host)}"]), Lab.Hosts[host],
            [.. Manifest.Arguments, "--iface=eth0", $"--net-config-path={ConfigFile}", $"--subnet-file={SubnetFileOf(host)}"]);
        _agents[host] = agent;
        return agent;
    }

    /// <summary>
    /// What is started in a pod has this before it: the service account's files and the API server's address are where a kubelet puts them.
    /// </summary>
    public string[] PodOf(params string[] environment) =>
    [
        "env", $"KUBERNETES_SERVICE_HOST={Api.Address.Host}", $"KUBERNETES_SERVICE_PORT={Api.Address.Port}", .. environment, "unshare", "-m", "sh",
        "-c",
        $"mount -t tmpfs none /run && mkdir -p {Account} && cp {_folder.FullName}/token {_folder.FullName}/ca.crt {Account} && exec \"$@\"", "sh",
    ];

    /// <summary>Gives the pods that start from now on a service account's token.</summary>
    public async Task MountAsync(string token)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "token"), token);
        File.Copy(Api.AuthorityFile, Path.Combine(_folder.FullName, "ca.crt"), overwrite: true);
    }

    /// <summary>Creates a Node, starts its agent, waits until it is ready, and adds a container.</summary>
    public async Task<LabContainer> AddAsync(int host, params string[] cidrs)
    {
        await Api.CreateNodeAsync(NodeOf(host), cidrs);
        await Launch(host).WaitForReadyAsync();
        SubnetFile file = SubnetFile.Parse(await File.ReadAllTextAsync(SubnetFileOf(host)));
        return Lab.Hosts[host].AddContainer(file.Subnet, file.IPv6Subnet, file.Mtu);
    }

    /// <summary>Ends a host's agent and starts it again.</summary>
    public async Task RestartAsync(int host, bool kills)
    {
        string before = await File.ReadAllTextAsync(SubnetFileOf(host));
        if (kills) await _agents[host]!.KillAsync();
        else Assert.Equal(0, await _agents[host]!.StopAsync());
        await _agents[host]!.DisposeAsync();
        await Launch(host).WaitForReadyAsync();
        Assert.Equal(before, await File.ReadAllTextAsync(SubnetFileOf(host)));
    }

    /// <summary>Pings until each container knows the way to the other, and then without a loss, over every family.</summary>
    public async Task AssertPingsAsync(params LabContainer[] containers)
    {
        foreach (LabContainer from in containers)
        {
            foreach (
                IPAddress address in containers.Where(to => to != from).SelectMany(to => new[] { to.Address, to.AddressIPv6 }).OfType<IPAddress>())
            {
                await UntilAsync(async () => (await from.PingAsync(address)).AllAnswered, $"answer from {address}");
                PingReport report = await from.PingAsync(address, new PingOptions { Count = 5 });
                Assert.True(report.AllAnswered, $"{from.NamespaceName} to {address}: {report}\n{this}");
            }
        }
    }

    public Task UntilAsync(Func<Task<bool>> condition, string what) => UntilAsync(condition, () => what);

    public async Task UntilAsync(Func<Task<bool>> condition, Func<string> what)
    {
        using var limit = new CancellationTokenSource(Deadline);
        while (!await condition())
        {
            if (limit.IsCancellationRequested) Assert.Fail($"There is no {what()}.\n{this}");
            await Task.Delay(20, CancellationToken.None);
        }
    }

    /// <summary>The annotations of a Node that are flannel's.</summary>
    public async Task<SortedDictionary<string, string>> AnnotationsAsync(string node)
    {
        JsonObject found = await Api.GetNodeAsync(node);
        const string Prefix = KubernetesStoreOptions.DefaultAnnotationPrefix + "/";
        var annotations = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, JsonNode? value) in found["metadata"]!["annotations"] as JsonObject ?? [])
        {
            if (name.StartsWith(Prefix, StringComparison.Ordinal)) annotations.Add(name[Prefix.Length..], (string)value!);
        }

        return annotations;
    }

    /// <summary>A Node's condition, as "status reason".</summary>
    public async Task<string> NetworkUnavailableAsync(string node)
    {
        JsonObject found = await Api.GetNodeAsync(node);
        JsonNode? condition = (found["status"]?["conditions"] as JsonArray)?.SingleOrDefault(one => (string?)one!["type"] == "NetworkUnavailable");
        return $"{condition?["status"]} {condition?["reason"]}";
    }

    public async ValueTask DisposeAsync()
    {
        foreach (FlanneldProcess? agent in _agents)
        {
            if (agent is not null) await agent.DisposeAsync();
        }

        await Api.DisposeAsync();
        await Lab.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    public override string ToString() => string.Join('\n', _agents.Select((agent, host) => $"--- {NodeOf(host)}\n{agent}"));
}
