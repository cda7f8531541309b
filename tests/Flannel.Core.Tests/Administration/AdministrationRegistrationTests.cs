using Flannel.Core.Tests.Leases;
using Flannel.Extensibility;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Core.Tests.Administration;

public sealed class AdministrationRegistrationTests
{
    [Fact]
    public async Task AddFlannelAdministration_NamedAndDefault_EachHasItsStoreAndNoNode()
    {
        var services = new ServiceCollection();
        services.AddFlannelAdministration().UseInMemoryStore(AdministrationLab.Network);
        services.AddFlannelAdministration("blue").UseInMemoryStore("""{"Network":"10.9.0.0/16"}""");
        await using ServiceProvider provider = services.BuildServiceProvider();

        var administration = provider.GetRequiredService<IFlannelAdministration>();
        var blue = provider.GetRequiredKeyedService<IFlannelAdministration>("blue");

        Assert.Equal(("", "vxlan"), (administration.Name, (await administration.GetConfigAsync())!.Config!.BackendType));
        Assert.Equal(("blue", "10.9.0.0/16"), (blue.Name, (await blue.GetConfigAsync())!.Config!.Network.ToString()));
        Assert.Same(administration, provider.GetRequiredKeyedService<IFlannelAdministration>(""));
        Assert.Equal("", provider.GetRequiredService<IFlannelObserver>().Name);
        Assert.Equal("blue", provider.GetRequiredKeyedService<IFlannelObserver>("blue").Name);
        Assert.Empty(provider.GetServices<Microsoft.Extensions.Hosting.IHostedService>());
        Assert.Null(provider.GetService<IFlannelNode>());
    }

    [Fact]
    public async Task AddFlannel_RegistersItsNetworksAdministrationToo()
    {
        var services = new ServiceCollection();
        services.AddFlannel("blue").UseInMemoryStore(AdministrationLab.Network);
        services.AddFlannelAdministration("blue");
        await using ServiceProvider provider = services.BuildServiceProvider();

        Assert.NotNull(await provider.GetRequiredKeyedService<IFlannelAdministration>("blue").GetConfigAsync());
        Assert.Single(provider.GetKeyedServices<IFlannelObserver>("blue"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AddFlannelAndItsAdministration_InEitherOrder_ShareOneStore(bool nodeFirst)
    {
        var services = new ServiceCollection();
        if (nodeFirst) services.AddFlannel("blue").UseHostNetwork(new InMemoryHostNetwork("192.168.0.1")).UseBackend(new FakeBackend());
        services.AddFlannelAdministration("blue").UseInMemoryStore(AdministrationLab.Network);
        if (!nodeFirst) services.AddFlannel("blue").UseHostNetwork(new InMemoryHostNetwork("192.168.0.1")).UseBackend(new FakeBackend());
        services.AddFlannelAdministration("green").UseInMemoryStore(AdministrationLab.Network);
        await using ServiceProvider provider = services.BuildServiceProvider();

        await provider.GetRequiredKeyedService<IFlannelAdministration>("blue")
            .UpdateConfigAsync(static config => config with { EnableNFTables = true });

        var node = provider.GetRequiredKeyedService<IFlannelNode>("blue");
        Assert.True((await IFlannelAdministration.Over(node.Store!).GetConfigAsync())!.Config!.EnableNFTables);
        Assert.Equal("blue", Assert.Single(provider.GetRequiredService<IFlannelNetworks>().All).Name);
    }

    [Fact]
    public async Task Over_AStore_AdministersAndObservesIt()
    {
        var store = new InMemoryLeaseStore((string?)null);
        IFlannelAdministration administration = IFlannelAdministration.Over(store);
        await administration.SetConfigAsync(AdministrationLab.Network);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using IAsyncEnumerator<NetworkEvent> events = IFlannelObserver.Over(store).WatchAsync(limit.Token).GetAsyncEnumerator(limit.Token);

        Assert.True(await events.MoveNextAsync());

        Assert.Equal(AdministrationLab.Network, Assert.IsType<NetworkSnapshot>(events.Current).Config!.Json);
        Assert.Equal("", administration.Name);
    }

    [Fact]
    public void Resolve_NetworkWithoutAStore_SaysWhatToCall()
    {
        var services = new ServiceCollection();
        services.AddFlannelAdministration("blue");
        using ServiceProvider provider = services.BuildServiceProvider();

        var error = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredKeyedService<IFlannelAdministration>("blue"));

        Assert.Contains("blue", error.Message, StringComparison.Ordinal);
        Assert.Contains("UseEtcd()", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resolve_NetworkWhoseManagerKeepsTheLeases_SaysThatThereIsNothingToLookAfter()
    {
        var services = new ServiceCollection();
        services.AddFlannel().UseSubnetManager<ISubnetManager>(static (_, _) => new SubnetManagerLab().Node(1).Manager);
        using ServiceProvider provider = services.BuildServiceProvider();

        var error = Assert.Throws<StoreNotSupportedException>(() => provider.GetRequiredService<IFlannelAdministration>());

        Assert.Contains("Kubernetes", error.Message, StringComparison.Ordinal);
        Assert.Throws<StoreNotSupportedException>(() => provider.GetRequiredService<IFlannelObserver>());
    }

    [Fact]
    public async Task Write_StoreThatCannot_SaysSo()
    {
        var services = new ServiceCollection();
        services.AddFlannelAdministration().UseStore(new NodesOnlyStore(new InMemoryLeaseStore((string?)null)));
        await using ServiceProvider provider = services.BuildServiceProvider();
        var administration = provider.GetRequiredService<IFlannelAdministration>();

        var config = await Assert.ThrowsAsync<StoreNotSupportedException>(() => administration.SetConfigAsync(AdministrationLab.Network));

        Assert.False(config.IsTransient);
        Assert.Contains(nameof(NodesOnlyStore), config.Message, StringComparison.Ordinal);
        Assert.Contains("network configuration", config.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_StoreThatDoesNotTellRevisions_SaysSo()
    {
        var memory = new InMemoryLeaseStore(AdministrationLab.Network);
        memory.Put(SubnetKey.Parse("10.5.1.0-24"), AdministrationLab.Vxlan("192.168.0.1"), TimeSpan.FromDays(1));
        var services = new ServiceCollection();
        services.AddFlannelAdministration().UseStore(new NodesOnlyStore(memory));
        await using ServiceProvider provider = services.BuildServiceProvider();
        var administration = provider.GetRequiredService<IFlannelAdministration>();
        StoredLease lease = Assert.Single(await administration.ListLeasesAsync(withTimeLeft: true));

        await Assert.ThrowsAsync<StoreNotSupportedException>(() => administration.UpdateConfigAsync(config => config with { EnableNFTables = true }));
        await Assert.ThrowsAsync<StoreNotSupportedException>(() => administration.ReserveAsync(lease));
        Assert.Null(lease.TimeLeft);
        Assert.True(await administration.RevokeAsync(lease));
    }

    /// <summary>A store as it was before there was administration.</summary>
    private sealed class NodesOnlyStore(ILeaseStore inner) : ILeaseStore
    {
        public string ConfigSource => inner.ConfigSource;

        public async Task<StoreSnapshot> ListAsync(long? revision, CancellationToken cancellationToken)
        {
            StoreSnapshot all = await inner.ListAsync(revision, cancellationToken);
            return new StoreSnapshot(all.Entries, all.Revision) { Config = all.Config };
        }

        public Task<StoreWriteResult> CreateAsync(
            string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
            inner.CreateAsync(key, value, timeToLive, cancellationToken);

        public Task<StoreWriteResult> UpdateAsync(
            StoredEntry expected, ReadOnlyMemory<byte> value, TimeSpan timeToLive, CancellationToken cancellationToken) =>
            inner.UpdateAsync(expected, value, timeToLive, cancellationToken);

        public Task<StoreWriteResult> RenewAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken) =>
            inner.RenewAsync(expected, timeToLive, cancellationToken);

        public Task<StoreWriteResult> DeleteAsync(StoredEntry expected, CancellationToken cancellationToken) =>
            inner.DeleteAsync(expected, cancellationToken);

        public IAsyncEnumerable<StoreEvent> WatchAsync(long afterRevision, CancellationToken cancellationToken) =>
            inner.WatchAsync(afterRevision, cancellationToken);
    }
}
