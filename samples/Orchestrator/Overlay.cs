using Flannel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orchestrator.Machines;

namespace Orchestrator;

/// <summary>
/// One overlay network: a store for the leases and a node for every host, all in this process. A real orchestrator runs one node per process, on
/// the host itself, and leaves out <see cref="FlannelOptions.NetworkNamespace"/>.
/// </summary>
internal sealed class Overlay : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly IReadOnlyList<DemoHost> _hosts;
    private readonly IHost _application;
    private bool _isStarted;

    public Overlay(NetworkConfig config, IReadOnlyList<DemoHost> hosts)
    {
        _hosts = hosts;
        var store = new InMemoryLeaseStore(config);
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.Configure<HostOptions>(options => options.ServicesStopConcurrently = true);
        foreach (DemoHost host in hosts)
        {
            builder.Services
                .AddFlannel(host.Name, options =>
                {
                    options.NetworkNamespace = host.Machine.Name;
                    options.ExternalInterface.Name = "eth0";
                    options.StopMode = StopMode.Remove;
                })
                .UseInMemoryStore(store)
                .UseVxlan()
                .UseUdp()
                .UseHostGateway();
        }

        _application = builder.Build();
    }

    /// <summary>Starts the nodes and returns when each of them reaches all others.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _application.StartAsync(cancellationToken);
        _isStarted = true;

        var together = new ParallelOptions { MaxDegreeOfParallelism = _hosts.Count, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(_hosts, together, async (host, token) =>
        {
            IFlannelNode node = _application.Services.GetRequiredKeyedService<IFlannelNode>(host.Name);
            await WaitForPeersAsync(node, token);
            host.Join(node);
        });
    }

    /// <summary>Stops the nodes, which take down all they put up.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isStarted) await _application.StopAsync();
        _application.Dispose();
    }

    private async Task WaitForPeersAsync(IFlannelNode node, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await node.WaitForReadyAsync(patience.Token);
            await foreach (FlannelNodeStatus status in node.WatchAsync(patience.Token))
            {
                if (status.State == FlannelNodeState.Ready && status.Peers.Count == _hosts.Count - 1) return;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            FlannelNodeStatus status = node.Status;
            throw new DemoException(
                $"{node.Name} does not reach its {_hosts.Count - 1} peers after {Patience.TotalSeconds:0} s: it is {status.State} with {status.Peers.Count} peers. {status.Reason}");
        }
    }
}
