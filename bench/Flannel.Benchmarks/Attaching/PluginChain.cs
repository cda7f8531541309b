using System.Text.Json.Nodes;
using Flannel.Benchmarks.Labs;
using Flannel.Cni;

namespace Flannel.Benchmarks.Attaching;

/// <summary>Debian's plugins, started by this project's runner: bridge with host-local, and portmap where there is a port.</summary>
internal sealed class PluginChain : IAttacher
{
    /// <summary>Where Debian has them (package containernetworking-plugins).</summary>
    public const string Folder = "/usr/lib/cni";

    private readonly CniRunner _runner;
    private readonly CniNetworkList _plain;
    private readonly CniNetworkList _withPorts;

    /// <param name="host">Where the bridge is.</param>
    /// <param name="subnet">The containers' addresses.</param>
    /// <param name="folder">A folder for files.</param>
    public PluginChain(LabHost host, string subnet, string folder)
    {
        _runner = new CniRunner(new CniRunnerOptions { PluginFolders = [Folder], CacheFolder = folder, NetworkNamespace = host.Path });
        string bridge =
            $$$"""
            {"type":"bridge","bridge":"cni0","isGateway":true,"isDefaultGateway":true,"hairpinMode":true,"mtu":1450,
             "ipam":{"type":"host-local","ranges":[[{"subnet":"{{{subnet}}}"}]],"dataDir":"{{{folder}}}/networks"}}
            """;
        _plain = CniNetworkList.Parse($$"""{"cniVersion":"1.0.0","name":"plain","plugins":[{{bridge}}]}""");
        _withPorts = CniNetworkList.Parse(
            $$$"""{"cniVersion":"1.0.0","name":"plain","plugins":[{{{bridge}}},{"type":"portmap","capabilities":{"portMappings":true}}]}""");
    }

    public static bool IsThere => File.Exists(Path.Combine(Folder, "bridge")) && File.Exists(Path.Combine(Folder, "portmap"));

    public Task AttachAsync(LabHost container, int? hostPort, CancellationToken cancellationToken) =>
        _runner.AddAsync(ListFor(hostPort), Describe(container, hostPort), cancellationToken);

    public Task DetachAsync(LabHost container, int? hostPort, CancellationToken cancellationToken) =>
        _runner.DeleteAsync(ListFor(hostPort), Describe(container, hostPort), cancellationToken);

    private CniNetworkList ListFor(int? hostPort) => hostPort is null ? _plain : _withPorts;

    private static CniAttachment Describe(LabHost container, int? hostPort) => new(container.Name, container.Path)
    {
        Capabilities = hostPort is null
            ? null
            : new JsonObject
            {
                ["portMappings"] = new JsonArray(new JsonObject { ["hostPort"] = hostPort, ["containerPort"] = 80, ["protocol"] = "tcp" }),
            },
    };
}
