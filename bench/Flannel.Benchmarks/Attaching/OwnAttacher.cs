using System.Net;
using Flannel.Benchmarks.Labs;

namespace Flannel.Benchmarks.Attaching;

/// <summary>Flannel.Containers, with its addresses in a folder as host-local has them.</summary>
/// <param name="host">Where the bridge is.</param>
/// <param name="subnet">The containers' addresses.</param>
/// <param name="folder">A folder for files.</param>
internal sealed class OwnAttacher(LabHost host, string subnet, string folder) : IAttacher, IAsyncDisposable
{
    private readonly ContainerNetwork _network = ContainerNetwork.For(
        [IPNetwork.Parse(subnet)], mtu: 1450, new ContainerNetworkOptions { NetworkNamespace = host.Name, StateDirectory = $"{folder}/networks" });

    public Task AttachAsync(LabHost container, int? hostPort, CancellationToken cancellationToken) => _network.AttachAsync(
        new ContainerAttachment(container.Name)
        {
            NamespacePath = container.Path,
            PortMappings = hostPort is { } port ? [new PortMapping(port, 80)] : [],
        },
        cancellationToken);

    public Task DetachAsync(LabHost container, int? hostPort, CancellationToken cancellationToken) =>
        _network.DetachAsync(container.Name, cancellationToken: cancellationToken);

    public ValueTask DisposeAsync() => _network.DisposeAsync();
}
