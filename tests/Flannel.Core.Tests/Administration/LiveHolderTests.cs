using Flannel.Core.Tests.Leases;
using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Core.Tests.Administration;

/// <summary>What administration does to a node that runs.</summary>
public sealed class LiveHolderTests
{
    private const string Own = "10.5.7.0-24";

    private static readonly LeaseAttributes Second = SubnetManagerLab.Attributes(2) with { BackendType = null, BackendData = null };

    private readonly SubnetManagerLab _lab = new();
    private readonly IFlannelAdministration _administration;

    public LiveHolderTests()
    {
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(_lab.Time);
        services.AddFlannelAdministration().UseInMemoryStore(_lab.Store);
        _administration = services.BuildServiceProvider().GetRequiredService<IFlannelAdministration>();
    }

    [Fact]
    public async Task Revoke_NodeRuns_ItTakesTheSameSubnetAgain()
    {
        await using LeaseFollower node = await _lab.Node(1, previous: Own).StartAsync();
        StoredLease seen = await FindAsync();

        Assert.True(await _administration.RevokeAsync(seen));
        OwnLeaseChanged again = await node.UntilAsync<OwnLeaseChanged>(static change => change.State == OwnLeaseState.Reacquired);

        StoredLease now = await FindAsync();
        Assert.Equal((Own, seen.Attributes), (again.Lease.Key.ToString(), now.Attributes));
        Assert.True(now.CreateRevision > seen.CreateRevision);
    }

    [Fact]
    public async Task Revoke_NodeRunsAndTheSubnetIsReservedForAnotherHost_ItYields()
    {
        LabNode first = _lab.Node(1, previous: Own);
        await using LeaseFollower node = await first.StartAsync();
        HeldStoreCall late = first.Store.HoldNextBefore(StoreOperation.Create);

        await _administration.RevokeAsync(await FindAsync());
        await late.WaitUntilReachedAsync();
        StoredLease reserved = await _administration.ReserveAsync(SubnetKey.Parse(Own), Second);
        late.Release();

        OwnLeaseChanged taken = await node.UntilAsync<OwnLeaseChanged>(static change => change.State == OwnLeaseState.Taken);
        Assert.Contains("192.168.0.2", taken.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(reserved, await FindAsync());
        await using LeaseFollower second = await _lab.Node(2).StartAsync();
        Assert.Equal(Own, second.Own.Key.ToString());
        Assert.True(second.Own.IsReservation);
    }

    [Fact]
    public async Task Reserve_HostStartsLater_TakesItForGoodAndPeersSeeNothingWrong()
    {
        await using LeaseFollower peer = await _lab.Node(1, previous: "10.5.1.0-24").StartAsync();
        await _administration.ReserveAsync(SubnetKey.Parse(Own), Second);

        await using LeaseFollower node = await _lab.Node(2).StartAsync();

        Assert.Equal((Own, true), (node.Own.Key.ToString(), node.Own.IsReservation));
        LeaseChanges changes = await peer.UntilAsync<LeaseChanges>();
        Assert.Equal(Own, Assert.Single(changes.Changes).After!.Key.ToString());
        Assert.Empty(peer.Quarantine);
        Assert.True((await FindAsync()).IsReservation);
    }

    [Fact]
    public async Task LeaseToReservationAndBack_NodeRuns_KeepsItAndRenewsAgain()
    {
        await using LeaseFollower node = await _lab.Node(1, previous: Own).StartAsync();

        StoredLease reserved = await _administration.ReserveAsync(await FindAsync());
        await node.UntilAsync<OwnLeaseChanged>(static change => change.Lease.IsReservation);
        _lab.StoreTime.Advance(TimeSpan.FromDays(3));
        Assert.Equal(reserved, await FindAsync());

        await _administration.EndReservationAsync(reserved, TimeSpan.FromMinutes(1));
        await node.UntilAsync<OwnLeaseChanged>(static change => change is { Lease.IsReservation: false, State: OwnLeaseState.Renewed });
        // It is renewed at once for the node's own time.
        await Eventually(async () => (await FindAsync(withTimeLeft: true)).TimeLeft == TimeSpan.FromHours(24));
    }

    [Fact]
    public async Task Prune_DocumentThatTheNodePutsBack_LosesNothing()
    {
        await using LeaseFollower node = await _lab.Node(1, previous: Own).StartAsync();
        StoredLease before = await FindAsync();

        _lab.PutText(Own, "{ corrupt");
        await _administration.PruneAsync();

        await Eventually(async () => (await _administration.ListLeasesAsync()) is [{ Refusal: null } lease] && lease.Attributes == before.Attributes);
        Assert.NotEqual(OwnLeaseState.Lost, node.State);
    }

    [Fact]
    public async Task SetConfig_NodeRuns_IsTold()
    {
        await using LeaseFollower node = await _lab.Node(1, previous: Own).StartAsync();

        await _administration.UpdateConfigAsync(static config => config with { EnableNFTables = true });

        Assert.True((await node.UntilAsync<NetworkConfigChanged>()).Config!.EnableNFTables);
    }

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition()) await Task.Delay(1, limit.Token);
    }

    private async Task<StoredLease> FindAsync(bool withTimeLeft = false) =>
        (await _administration.ListLeasesAsync(withTimeLeft)).Single(static lease => lease.Key == Own);
}
