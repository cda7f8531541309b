using Flannel.Lab.Namespaces;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Overlay;

/// <summary>One node in one host's namespace, without a generic host.</summary>
internal sealed class OverlayNode : IAsyncDisposable
{
    private readonly ServiceProvider _provider;

    /// <summary>Makes a node, without starting it.</summary>
    /// <param name="host">Where it runs.</param>
    /// <param name="use">Chooses store and backends.</param>
    /// <param name="configure">Changes the options.</param>
    public OverlayNode(LabHost host, Action<IFlannelBuilder> use, Action<FlannelOptions>? configure = null)
    {
        var services = new ServiceCollection();
        use(services.AddFlannel(options =>
        {
            options.NetworkNamespace = host.NamespaceName;
            options.ExternalInterface.Name = "eth0";
            configure?.Invoke(options);
        }));
        _provider = services.BuildServiceProvider();
        Node = _provider.GetRequiredService<IFlannelNode>();
    }

    public IFlannelNode Node { get; }

    public async Task<FlannelNodeStatus> UntilAsync(Func<FlannelNodeStatus, bool> condition)
    {
        using var limit = new CancellationTokenSource(OverlayCluster.Limit);
        FlannelNodeStatus last = Node.Status;
        try
        {
            await foreach (FlannelNodeStatus status in Node.WatchAsync(limit.Token))
            {
                last = status;
                if (condition(status)) return status;
            }
        }
        catch (OperationCanceledException)
        {
            // Reported below with what was seen last.
        }

        throw new TimeoutException($"The node did not get there; it is {last.State} with {last.Peers.Count} peers. {last.Reason} {last.Error}");
    }

    public ValueTask DisposeAsync() => _provider.DisposeAsync();
}
