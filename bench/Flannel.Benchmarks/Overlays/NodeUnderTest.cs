using Flannel.Benchmarks.Labs;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Benchmarks.Overlays;

/// <summary>A whole node of ours in a host's namespace, as an application registers it.</summary>
internal sealed class NodeUnderTest : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private NodeUnderTest(ServiceProvider services) => _services = services;

    public IFlannelNode Node => _services.GetRequiredService<IFlannelNode>();

    /// <summary>Starts the node and waits until it is ready.</summary>
    public static async Task<NodeUnderTest> StartAsync(
        LabHost host, InMemoryLeaseStore store, CancellationToken cancellationToken, bool isGuarded = true)
    {
        var services = new ServiceCollection();
        services.AddFlannel(options =>
        {
            options.NetworkNamespace = host.Name;
            options.Guard.Enabled = isGuarded;
            options.ExternalInterface.Name = LabHost.ExternalInterface;
            options.PeerGracePeriod = TimeSpan.Zero; // the bench takes leases away by the thousand and waits for each to be gone
        }).UseInMemoryStore(store).UseVxlan().UseUdp();
        var node = new NodeUnderTest(services.BuildServiceProvider());
        try
        {
            await node.Node.StartAsync(cancellationToken);
            await node.Node.WaitForReadyAsync(cancellationToken);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the node has a number of peers, all of them programmed.</summary>
    public async Task WaitForPeersAsync(int count, CancellationToken cancellationToken)
    {
        await foreach (FlannelNodeStatus status in Node.WatchAsync(cancellationToken))
        {
            if (status.State == FlannelNodeState.Ready && status.Peers.Count == count) return;
        }
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
