using Flannel.Extensibility;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Core.Tests.Backends.Alloc;

/// <summary>Nodes that lease and carry nothing.</summary>
public sealed class AllocNodeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task TwoNodes_OfOneStore_LeaseSubnetsAndKnowEachOther()
    {
        var store = new InMemoryLeaseStore("""{"Network":"10.5.0.0/16","Backend":{"Type":"Alloc"}}""");
        await using ServiceProvider first = Provider(store, "192.168.100.1");
        await using ServiceProvider second = Provider(store, "192.168.100.2");
        var node = first.GetRequiredService<IFlannelNode>();
        var other = second.GetRequiredService<IFlannelNode>();
        await node.StartAsync();
        await other.StartAsync();
        await other.WaitForReadyAsync().WaitAsync(Limit);

        using var limit = new CancellationTokenSource(Limit);
        await foreach (FlannelNodeStatus status in node.WatchAsync(limit.Token))
        {
            if (status is { State: FlannelNodeState.Ready, Peers.Count: 1 }) break;
        }

        Assert.Equal(other.Lease.Key, Assert.Single(node.Status.Peers).Key);
        Assert.Equal(1500, node.Mtu);
        Assert.Equal("""{"PublicIP":"192.168.100.1","PublicIPv6":null}""", node.Lease.Attributes.ToJson());
    }

    [Fact]
    public async Task Node_WithoutAHostNetwork_SaysHowToGetOne()
    {
        var services = new ServiceCollection();
        services.AddFlannel().UseInMemoryStore("""{"Network":"10.5.0.0/16","Backend":{"Type":"alloc"}}""").UseAlloc();
        await using ServiceProvider provider = services.BuildServiceProvider();

        var error = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<IFlannelNode>());

        Assert.Contains("AddFlannelLinux()", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_WithoutABackend_SaysSo()
    {
        var services = new ServiceCollection();
        services.AddSingleton<IHostNetwork>(new InMemoryHostNetwork());
        services.AddFlannel().UseInMemoryStore("""{"Network":"10.5.0.0/16","Backend":{"Type":"alloc"}}""");
        await using ServiceProvider provider = services.BuildServiceProvider();

        var error = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<IFlannelNode>());

        Assert.Contains("no backend", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UseAlloc_Twice_RegistersOneBackendPerNetwork()
    {
        var services = new ServiceCollection();
        services.AddFlannel("red").UseAlloc().UseAlloc();
        services.AddFlannel("blue").UseAlloc();
        await using ServiceProvider provider = services.BuildServiceProvider();

        Assert.Equal("alloc", Assert.Single(provider.GetKeyedServices<IBackend>("red")).Name);
        Assert.Single(provider.GetKeyedServices<IBackend>("blue"));
    }

    private static ServiceProvider Provider(InMemoryLeaseStore store, string address)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IHostNetwork>(new InMemoryHostNetwork(address));
        services.AddFlannel().UseInMemoryStore(store).UseAlloc();
        return services.BuildServiceProvider();
    }
}
