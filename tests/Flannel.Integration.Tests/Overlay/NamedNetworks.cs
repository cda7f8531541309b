using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Overlay;

/// <summary>Two networks, red and blue, on each of some hosts: all nodes in one service provider, told apart by name.</summary>
internal sealed class NamedNetworks : IAsyncDisposable
{
    private readonly ServiceProvider _provider;
    private readonly int _hosts;

    public NamedNetworks(IReadOnlyList<LabHost> hosts, ILeaseStore red, ILeaseStore blue)
    {
        _hosts = hosts.Count;
        var services = new ServiceCollection();
        for (int host = 0; host < _hosts; host++)
        {
            foreach ((string name, ILeaseStore store) in new[] { ("red", red), ("blue", blue) })
            {
                string host1 = hosts[host].NamespaceName;
                services.AddFlannel(Key(host, name), options =>
                {
                    options.NetworkNamespace = host1;
                    options.ExternalInterface.Name = "eth0";
                }).UseStore(store).UseVxlan();
            }
        }

        _provider = services.BuildServiceProvider();
    }

    public IFlannelNode Node(int host, string name) => _provider.GetRequiredKeyedService<IFlannelNode>(Key(host, name));

    public async Task ReadyAsync()
    {
        foreach (string name in new[] { "red", "blue" })
        {
            for (int host = 0; host < _hosts; host++) await Node(host, name).StartAsync();
            for (int host = 0; host < _hosts; host++) await Node(host, name).WaitForReadyAsync().WaitAsync(OverlayCluster.Limit);
        }
    }

    public async Task UntilPeersAsync(string name, int peers)
    {
        using var limit = new CancellationTokenSource(OverlayCluster.Limit);
        for (int host = 0; host < _hosts; host++)
        {
            await foreach (FlannelNodeStatus status in Node(host, name).WatchAsync(limit.Token))
            {
                if (status is { State: FlannelNodeState.Ready, IsConverged: true } && status.Peers.Count == peers) break;
            }
        }
    }

    public ValueTask DisposeAsync() => _provider.DisposeAsync();

    private static string Key(int host, string name) => $"{name}-{host}";
}
