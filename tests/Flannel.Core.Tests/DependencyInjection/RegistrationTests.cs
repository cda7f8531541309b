using Flannel.Core.Tests.Hosting;
using Flannel.Core.Tests.Networks;
using Flannel.Extensibility;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Core.Tests.DependencyInjection;

/// <summary>What registering says, and what is said of mistakes.</summary>
public sealed class RegistrationTests
{
    [Fact]
    public async Task Store_ToldTwice_TheLastOneCounts()
    {
        var services = new ServiceCollection();
        services.AddFlannel().UseStore<DisposableStore>().UseInMemoryStore(NodeFixture.ConfigJson).UseBackend(new FakeBackend());
        services.AddFlannel("b").UseInMemoryStore().UseStore<DisposableStore>().UseBackend(new FakeBackend());
        await using ServiceProvider provider = services.BuildServiceProvider();

        Assert.IsType<InMemoryLeaseStore>(provider.GetRequiredService<ILeaseStore>());
        Assert.Same(provider.GetRequiredService<ILeaseStore>(), provider.GetRequiredKeyedService<ILeaseStore>(""));
        Assert.Same(provider.GetRequiredService<ILeaseStore>(), provider.GetRequiredKeyedService<InMemoryLeaseStore>(""));
        Assert.IsType<DisposableStore>(provider.GetRequiredKeyedService<ILeaseStore>("b"));
        Assert.Single(provider.GetKeyedServices<ILeaseStore>("b"));
        Assert.Null(provider.GetKeyedService<InMemoryLeaseStore>("b"));
    }

    [Fact]
    public async Task Test_OverridesTheStoreOfAProgram()
    {
        var services = new ServiceCollection();
        services.AddSingleton<IHostNetwork>(new InMemoryHostNetwork());
        services.AddFlannel()
            .UseStore<ILeaseStore>((_, _) => throw new InvalidOperationException("the test talks to the real store"))
            .UseBackend(new FakeBackend());
        services.AddFlannel().UseInMemoryStore(NodeFixture.ConfigJson);
        await using ServiceProvider provider = services.BuildServiceProvider();
        var node = provider.GetRequiredService<IFlannelNode>();
        await node.StartAsync();
        await node.WaitForReadyAsync(NetworksFixture.Limit);
    }

    [Fact]
    public async Task SubnetManager_TakesThePlaceOfAStoreAndTheOtherWayRound()
    {
        var manager = new FakeManager();
        var services = new ServiceCollection();
        services.AddFlannel().UseInMemoryStore().UseSubnetManager(manager);
        services.AddFlannel("b").UseSubnetManager<FakeManager>().UseInMemoryStore();
        services.AddFlannel("c").UseInMemoryStore().UseSubnetManager<FakeManager>();
        await using ServiceProvider provider = services.BuildServiceProvider();

        Assert.Same(manager, provider.GetRequiredService<ISubnetManager>());
        Assert.Same(manager, provider.GetRequiredKeyedService<ISubnetManager>(""));
        Assert.Null(provider.GetService<ILeaseStore>());
        Assert.IsNotType<FakeManager>(provider.GetRequiredKeyedService<ISubnetManager>("b"));
        Assert.IsType<FakeManager>(provider.GetRequiredKeyedService<ISubnetManager>("c"));
    }

    [Fact]
    public async Task Parts_ThatAreServices_AreSharedAndTheProviders()
    {
        await using var fixture = new NetworksFixture(services => services.AddSingleton<DisposableStore>());
        var shared = fixture.Provider.GetRequiredService<DisposableStore>();
        foreach (string name in new[] { "a", "b" })
        {
            IFlannelNode node = await fixture.Networks.CreateAsync(
                name, network => network.UseStore<DisposableStore>().UseBackend(new FakeBackend()));
            Assert.Same(shared, node.Store);
        }

        await fixture.Networks.RemoveAsync("a");
        Assert.Equal(0, shared.Disposals);
    }

    [Fact]
    public async Task Parts_ThatWereMadeForANetwork_GoWithIt()
    {
        await using var fixture = new NetworksFixture();
        using var given = new DisposableStore();
        IFlannelNode made = await fixture.Networks.CreateAsync("a", network => network.UseStore<DisposableStore>().UseBackend<NamedBackend>());
        await fixture.Networks.CreateAsync("b", network => network.UseStore(given).UseBackend<NamedBackend>());

        await fixture.Networks.RemoveAsync("a");
        await fixture.Networks.RemoveAsync("b");

        Assert.Equal(1, ((DisposableStore)made.Store!).Disposals);
        Assert.Equal(0, given.Disposals);
    }

    [Fact]
    public async Task Parts_ThatWereGiven_AreNotTheProviders()
    {
        using var given = new DisposableStore();
        var services = new ServiceCollection();
        services.AddSingleton<IHostNetwork>(new InMemoryHostNetwork());
        services.AddFlannel().UseStore(given).UseBackend(new FakeBackend());
        ServiceProvider provider = services.BuildServiceProvider();
        _ = provider.GetRequiredService<IFlannelNode>();
        _ = provider.GetRequiredService<ILeaseStore>();

        await provider.DisposeAsync();

        Assert.Equal(0, given.Disposals);
    }

    [Fact]
    public async Task Parts_OfANetworkThatCannotBeMade_AreClosedWithTheProvider()
    {
        using var store = new DisposableStore();
        var services = new ServiceCollection();
        services.AddFlannel().UseStore((_, _) => store);
        ServiceProvider provider = services.BuildServiceProvider();
        Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<IFlannelNode>());

        await provider.DisposeAsync();

        Assert.Equal(1, store.Disposals);
    }

    [Fact]
    public async Task Backends_OfOneName_AreRefusedWithBoth()
    {
        await using var fixture = new NetworksFixture();

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            fixture.Networks.CreateAsync("a", network => network.UseInMemoryStore().UseBackend(new FakeBackend("named")).UseBackend<NamedBackend>()));

        foreach (string part in new[] { "'a'", "'named'", nameof(FakeBackend), nameof(NamedBackend) })
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backend_ToldTwice_TheLastOneOfAKindCounts()
    {
        var services = new ServiceCollection();
        services.AddFlannel("red").UseBackend(new FakeBackend("first")).UseBackend<NamedBackend>().UseBackend((_, _) => new FakeBackend("second"));
        await using ServiceProvider provider = services.BuildServiceProvider();

        Assert.Equal(["named", "second"], provider.GetKeyedServices<IBackend>("red").Select(backend => backend.Name).Order());
    }

    [Theory]
    [InlineData(false, true, "no lease store", "UseInMemoryStore()")]
    [InlineData(true, false, "no backend", "UseBackend<T>()")]
    public async Task Network_ThatLacksAPart_NamesTheCall(bool hasStore, bool hasBackend, string what, string call)
    {
        await using var fixture = new NetworksFixture(services => Use(services.AddFlannel("composed")));
        var made = await Assert.ThrowsAsync<InvalidOperationException>(() => fixture.Networks.CreateAsync("made", Use));
        var composed = Assert.Throws<InvalidOperationException>(() => fixture.Networks.Find("composed"));

        foreach (string part in new[] { what, call })
            Assert.All([made.Message, composed.Message], message => Assert.Contains(part, message, StringComparison.Ordinal));

        void Use(IFlannelBuilder network)
        {
            if (hasStore) network.UseInMemoryStore();
            if (hasBackend) network.UseAlloc();
        }
    }

    [Fact]
    public async Task Network_ThatLacksEverything_SaysSoAtOnce()
    {
        var services = new ServiceCollection();
        services.AddFlannel("a");
        await using ServiceProvider provider = services.BuildServiceProvider();

        var error = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredKeyedService<IFlannelNode>("a"));

        foreach (string part in new[] { "no lease store", "no backend", "UseLinux()", "UseHostNetwork<T>()" })
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeyedServices_ByHand_NameTheCallInstead()
    {
        var services = new ServiceCollection();
        services.AddSingleton<IHostNetwork>(new InMemoryHostNetwork());
        services.AddKeyedSingleton<ILeaseStore>("none", new InMemoryLeaseStore((string?)null));
        services.AddFlannel("none").UseAlloc();
        services.AddFlannel("store").UseInMemoryStore().UseAlloc();
        services.AddKeyedSingleton<ILeaseStore>("store", new InMemoryLeaseStore((string?)null));
        services.AddFlannel("backend").UseInMemoryStore().UseAlloc();
        services.AddKeyedSingleton<IBackend>("backend", new FakeBackend());
        await using ServiceProvider provider = services.BuildServiceProvider();

        foreach ((string network, string call) in new[] { ("none", "UseStore<T>()"), ("store", "UseStore<T>()"), ("backend", "UseBackend<T>()") })
        {
            var error = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredKeyedService<IFlannelNode>(network));
            Assert.Contains(call, error.Message, StringComparison.Ordinal);
            Assert.Contains("eyed", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Factory_ThatAsksForWhatItMakes_IsToldSo()
    {
        var services = new ServiceCollection();
        services.AddFlannel().UseStore((provider, _) => provider.GetRequiredService<ILeaseStore>()).UseAlloc();
        await using ServiceProvider provider = services.BuildServiceProvider();

        var error = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<ILeaseStore>());

        Assert.Contains("which is what it makes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Factory_ThatReturnsNull_IsToldSo()
    {
        await using var fixture = new NetworksFixture();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            fixture.Networks.CreateAsync("a", network => network.UseStore((_, _) => (DisposableStore)null!).UseAlloc()));
        Assert.Contains("returned null", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Builder_OfSomebodyElse_IsRefused()
    {
        var error = Assert.Throws<ArgumentException>(() => new ForeignBuilder().UseAlloc());
        Assert.Contains("AddFlannel()", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HostNetwork_OfTheNetwork_GoesBeforeThatOfTheServices()
    {
        await using var fixture = new NetworksFixture();
        var own = new InMemoryHostNetwork("192.168.77.7");
        IFlannelNode node = await fixture.ReadyAsync("a", network =>
        {
            NetworksFixture.Usual(network);
            network.UseHostNetwork(own).UseHostNetwork((_, _) => new InMemoryHostNetwork("192.168.1.1"), onlyIfNone: true);
        });

        Assert.Equal("192.168.77.7", node.Lease.Attributes.PublicIP!.ToString());
    }

    private sealed class NamedBackend : IBackend
    {
        public string Name => "named";

        public bool Owns(HostPrefix prefix, NetworkConfig config) => false;

        public string? RefuseLiveChange(NetworkConfig running, NetworkConfig wanted) => null;

        public Task<IBackendNetwork> CreateNetworkAsync(BackendContext context, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }

    private sealed class FakeManager : ISubnetManager
    {
        public Task<ISubnetView> OpenAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task ReleaseAsync(Lease lease, CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class ForeignBuilder : IFlannelBuilder
    {
        public string Name => "";

        public IServiceCollection Services { get; } = new ServiceCollection();
    }
}
