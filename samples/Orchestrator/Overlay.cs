using Flannel;
using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Machines;

namespace Orchestrator;

/// <summary>
/// One overlay network: a store for the leases and a node for every host, all in this process, made while it runs. A real orchestrator has one node
/// per process and network, on the host itself, and leaves out <see cref="FlannelOptions.NetworkNamespace"/>.
/// </summary>
internal sealed class Overlay(NetworkConfig config, IReadOnlyList<DemoHost> hosts) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly InMemoryLeaseStore _store = new(config);
    private readonly ServiceProvider _services = new ServiceCollection().AddFlannelNetworks().BuildServiceProvider();

    private IFlannelNetworks Networks => _services.GetRequiredService<IFlannelNetworks>();

    /// <summary>Makes the nodes and returns when each of them reaches all others.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // All of them start before the first one is waited for.
        foreach (DemoHost host in hosts) await Networks.CreateAsync(host.Name, network => Describe(network, host), cancellationToken);

        var together = new ParallelOptions { MaxDegreeOfParallelism = hosts.Count, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(hosts, together, async (host, token) =>
        {
            IFlannelNode node = Networks.Find(host.Name)!;
            await WaitForPeersAsync(node, token);
            host.Join(node);
        });
    }

    /// <summary>Removes the nodes with all they put up.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Networks.All.Select(node => Networks.RemoveAsync(node.Name, StopMode.Remove)));
        await _services.DisposeAsync();
    }

    private void Describe(IFlannelBuilder network, DemoHost host) => network
        .Configure(options =>
        {
            options.NetworkNamespace = host.Machine.Name;
            options.ExternalInterface.Name = "eth0";
        })
        .UseInMemoryStore(_store)
        .UseVxlan()
        .UseUdp()
        .UseHostGateway();

    private async Task WaitForPeersAsync(IFlannelNode node, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await node.WaitForReadyAsync(patience.Token);
            await foreach (FlannelNodeStatus status in node.WatchAsync(patience.Token))
            {
                if (status is { State: FlannelNodeState.Ready, IsConverged: true } && status.Peers.Count == hosts.Count - 1) return;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DemoException($"{node.Name} does not reach its {hosts.Count - 1} peers after {Patience.TotalSeconds:0} s: it is {node.Status}");
        }
    }
}
