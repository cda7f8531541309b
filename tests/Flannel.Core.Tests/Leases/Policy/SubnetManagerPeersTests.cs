using Flannel.Core.Leases.Policy;
using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Testing;

namespace Flannel.Core.Tests.Leases.Policy;

public sealed class SubnetManagerPeersTests
{
    [Fact]
    public async Task Watch_Start_DeliversAllPeersButTheNodeItself()
    {
        var lab = new SubnetManagerLab();
        lab.PutPeer("10.5.2.0-24", host: 2);
        lab.PutPeer("10.5.3.0-24", host: 3);
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await FollowAsync(node);

        var snapshot = await follower.NextAsync<LeaseSnapshot>();

        Assert.Equal(["10.5.2.0-24", "10.5.3.0-24"], snapshot.Peers.Select(peer => peer.Key.ToString()).Order());
        Assert.Equal(lab.Store.Revision - 1, snapshot.Revision);
        Assert.All(snapshot.Peers, peer => Assert.Null(peer.Expiration));
    }

    [Fact]
    public async Task Watch_RefusedLeasesAtStart_ComeBeforeTheSnapshotAndHarmNobody()
    {
        var lab = new SubnetManagerLab();
        lab.PutPeer("10.5.2.0-24", host: 2);
        lab.PutText("10.5.3.0-24", "{ corrupt");
        lab.PutText("foo", "{}");
        lab.PutPeer("10.99.0.0-24", host: 4);
        lab.PutPeer("10.5.0.0-16", host: 5);
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await FollowAsync(node);

        var quarantine = await follower.NextAsync<QuarantineChanged>();
        var snapshot = await follower.NextAsync<LeaseSnapshot>();

        Assert.Equal(
            ["10.5.0.0-16", "10.5.3.0-24", "10.99.0.0-24", "foo"], quarantine.Leases.Select(lease => lease.Key).Order(StringComparer.Ordinal));
        Assert.Equal("10.5.2.0-24", Assert.Single(snapshot.Peers).Key.ToString());
    }

    [Fact]
    public async Task Watch_PeerComesChangesAndLeaves_DeliversEachWithBeforeAndAfter()
    {
        var lab = new SubnetManagerLab();
        await using LeaseFollower follower = await lab.Node(1).StartAsync();

        lab.PutPeer("10.5.2.0-24", host: 2, mac: "21");
        LeaseChange came = Assert.Single((await follower.NextAsync<LeaseChanges>()).Changes);
        lab.PutPeer("10.5.2.0-24", host: 2, mac: "22");
        LeaseChange changed = Assert.Single((await follower.NextAsync<LeaseChanges>()).Changes);
        lab.Store.Delete("10.5.2.0-24");
        LeaseChange left = Assert.Single((await follower.NextAsync<LeaseChanges>()).Changes);

        LeaseAttributes old = SubnetManagerLab.Attributes(2, "21");
        LeaseAttributes young = SubnetManagerLab.Attributes(2, "22");
        Assert.Equal((null, old), (came.Before, came.After!.Attributes));
        Assert.Equal((old, young), (changed.Before!.Attributes, changed.After!.Attributes));
        Assert.Equal((young, null), (left.Before!.Attributes, left.After));
    }

    [Fact]
    public async Task Watch_PeerRewritesTheSameDocument_DeliversNothing()
    {
        var lab = new SubnetManagerLab();
        lab.PutPeer("10.5.2.0-24", host: 2);
        await using LeaseFollower follower = await lab.Node(1).StartAsync();

        lab.PutPeer("10.5.2.0-24", host: 2);
        lab.PutPeer("10.5.3.0-24", host: 3);

        Assert.Equal("10.5.3.0-24", Assert.Single((await follower.NextAsync<LeaseChanges>()).Changes).After!.Key.ToString());
    }

    [Fact]
    public async Task Watch_PeersDocumentTurnsCorrupt_KeepsItsLastGoodStateUntilItHealsOrGoes()
    {
        var lab = new SubnetManagerLab();
        lab.PutPeer("10.5.2.0-24", host: 2, mac: "21");
        await using LeaseFollower follower = await lab.Node(1).StartAsync();

        lab.PutText("10.5.2.0-24", """{"PublicIP":null}""");
        Assert.Equal("10.5.2.0-24", Assert.Single((await follower.NextAsync<QuarantineChanged>()).Leases).Key);
        lab.PutPeer("10.5.2.0-24", host: 2, mac: "21");
        Assert.Empty((await follower.NextAsync<QuarantineChanged>()).Leases);
        lab.PutText("10.5.2.0-24", "[]");
        Assert.Single((await follower.NextAsync<QuarantineChanged>()).Leases);
        lab.PutPeer("10.5.2.0-24", host: 2, mac: "22");
        Assert.Empty((await follower.NextAsync<QuarantineChanged>()).Leases);
        Assert.Equal(SubnetManagerLab.Attributes(2, "22"), Assert.Single((await follower.NextAsync<LeaseChanges>()).Changes).After!.Attributes);
        lab.PutText("10.5.2.0-24", "");
        Assert.Single((await follower.NextAsync<QuarantineChanged>()).Leases);
        lab.Store.Delete("10.5.2.0-24");
        Assert.Empty((await follower.NextAsync<QuarantineChanged>()).Leases);
        Assert.Null(Assert.Single((await follower.NextAsync<LeaseChanges>()).Changes).After);
    }

    [Fact]
    public async Task Watch_BackendRefusesAPeer_IsQuarantinedWithItsReason()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1, rule: peer => peer.Attributes.BackendData!.Contains("99", StringComparison.Ordinal) ? "its MAC is 99" : null);
        await using LeaseFollower follower = await node.StartAsync();

        lab.PutPeer("10.5.2.0-24", host: 2, mac: "99");

        Assert.Equal("its MAC is 99", Assert.Single((await follower.NextAsync<QuarantineChanged>()).Leases).Reason);
    }

    [Fact]
    public async Task Watch_BackendsRuleThrows_QuarantinesThatPeerOnly()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1, rule: peer => peer.Attributes.PublicIP!.ToString() == "192.168.0.2" ? throw new FormatException("bad MAC") : null);
        await using LeaseFollower follower = await node.StartAsync();

        lab.PutPeer("10.5.2.0-24", host: 2);
        lab.PutPeer("10.5.3.0-24", host: 3);

        Assert.Contains("bad MAC", Assert.Single((await follower.UntilAsync<QuarantineChanged>()).Leases).Reason, StringComparison.Ordinal);
        while (!follower.Peers.ContainsKey("10.5.3.0-24"))
            await follower.NextAsync<LeaseChanges>();
    }

    [Fact]
    public async Task Watch_StoreAway_TellsOnceKeepsPeersAndDeliversOnlyWhatDiffersOnReturn()
    {
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist);
        for (int host = 2; host <= 5; host++)
            lab.PutPeer($"10.5.{host}.0-24", host);
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();

        node.Store.Away = FaultyLeaseStore.NoAnswer;
        Assert.NotNull((await follower.NextAsync<StoreAvailabilityChanged>()).Error);
        lab.PutPeer("10.5.2.0-24", host: 2);
        lab.PutPeer("10.5.3.0-24", host: 3, mac: "33");
        lab.Store.Delete("10.5.4.0-24");
        lab.PutPeer("10.5.6.0-24", host: 6);
        var pauses = new List<TimeSpan>();
        for (int i = 0; i < 40; i++)
        {
            // Not the renewal, which is all there is to wait for while a listing is under way.
            pauses.Add(await lab.Time.WaitForTimerWithinAsync(TimeSpan.FromSeconds(5)));
            lab.Time.Advance(pauses[^1]);
        }

        TimeSpan last = await lab.Time.WaitForTimerWithinAsync(TimeSpan.FromSeconds(5));
        node.Store.Away = null;
        lab.Time.Advance(last);

        Assert.Null((await follower.NextAsync<StoreAvailabilityChanged>()).Error);
        var changes = await follower.NextAsync<LeaseChanges>();
        Assert.Equal(
            ["10.5.3.0-24", "10.5.4.0-24", "10.5.6.0-24"],
            changes.Changes.Select(change => (change.After ?? change.Before)!.Key.ToString()).Order());
        Assert.Empty(follower.Pending());
        Assert.All(pauses, pause => Assert.InRange(pause, TimeSpan.Zero, TimeSpan.FromSeconds(5)));
        Assert.InRange(pauses[0], TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
        Assert.Contains(pauses, pause => pause > TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task Watch_StoreAwayAtStart_TellsAndThenDeliversTheSnapshot()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        await node.AcquireAndFollowBrieflyAsync();
        node.Store.Away = FaultyLeaseStore.NoAnswer;
        await using LeaseFollower follower = node.Follow();

        Assert.NotNull((await follower.NextAsync<StoreAvailabilityChanged>()).Error);
        node.Store.Away = null;
        await lab.Time.AdvanceToNextTimerAsync();

        Assert.Null((await follower.NextAsync<StoreAvailabilityChanged>()).Error);
        await follower.NextAsync<LeaseSnapshot>();
    }

    [Fact]
    public async Task Watch_CompactedWhileDisconnected_DeliversOnlyWhatDiffers()
    {
        var lab = new SubnetManagerLab();
        lab.PutPeer("10.5.2.0-24", host: 2);
        lab.PutPeer("10.5.3.0-24", host: 3);
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();

        node.Store.Away = FaultyLeaseStore.NoAnswer;
        await follower.NextAsync<StoreAvailabilityChanged>();
        lab.Store.Delete("10.5.3.0-24");
        lab.PutPeer("10.5.9.0-24", host: 9);
        lab.Store.Delete("10.5.9.0-24");
        lab.Store.Compact(lab.Store.Revision);
        node.Store.Away = null;
        await lab.Time.AdvanceToNextTimerAsync();

        await follower.NextAsync<StoreAvailabilityChanged>();
        Assert.Equal("10.5.3.0-24", Assert.Single((await follower.NextAsync<LeaseChanges>()).Changes).Before!.Key.ToString());
        Assert.Empty(follower.Pending());
    }

    [Fact]
    public async Task Watch_SilentWatch_IsMadeUpForByListing()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        HeldStoreCall silent = node.Store.HoldNextAfter(StoreOperation.Watch);
        lab.PutPeer("10.5.2.0-24", host: 2);
        await silent.WaitUntilReachedAsync();

        TimeSpan waited = await lab.Time.AdvanceToNextTimerAsync();

        Assert.Equal("10.5.2.0-24", Assert.Single((await follower.NextAsync<LeaseChanges>()).Changes).After!.Key.ToString());
        Assert.InRange(waited, TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(11));
        lab.PutPeer("10.5.3.0-24", host: 3);
        await follower.NextAsync<LeaseChanges>();
    }

    [Fact]
    public async Task Watch_SnapshotOvertakenByAListing_IsPassedOver()
    {
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist);
        LabNode node = lab.Node(1);
        HeldStoreCall opening = node.Store.HoldNextBefore(StoreOperation.Watch);
        await using LeaseFollower follower = await node.StartAsync();
        lab.PutPeer("10.5.2.0-24", host: 2);
        lab.Store.Compact(lab.Store.Revision);
        HeldStoreCall stale = node.Store.HoldNextAfter(StoreOperation.Watch);
        opening.Release();
        await stale.WaitUntilReachedAsync();
        lab.Store.Delete("10.5.2.0-24");

        // A renewal that hangs for longer than the lease lives makes the node list.
        HeldStoreCall renewal = node.Store.HoldNextBefore(StoreOperation.Renew);
        await lab.Time.WaitForTimerAsync(TimeSpan.FromHours(23));
        lab.Time.Advance(TimeSpan.FromHours(23));
        await renewal.WaitUntilReachedAsync();
        lab.Time.Advance(TimeSpan.FromDays(2));
        renewal.Fail(FaultyLeaseStore.NoAnswer);
        await lab.Time.AdvanceToNextTimerAsync();
        await follower.UntilAsync<OwnLeaseChanged>(own => own.State == OwnLeaseState.Renewed);
        stale.Release();

        lab.PutPeer("10.5.3.0-24", host: 3);
        Assert.Equal("10.5.3.0-24", Assert.Single((await follower.NextAsync<LeaseChanges>()).Changes).After!.Key.ToString());
    }

    [Fact]
    public async Task Watch_StoreRestoredFromABackup_FollowsTheOlderState()
    {
        var lab = new SubnetManagerLab();
        lab.PutPeer("10.5.2.0-24", host: 2);
        lab.PutPeer("10.5.3.0-24", host: 3);
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        var backup = new InMemoryLeaseStore(SubnetManagerLab.VxlanNetwork, lab.StoreTime);
        backup.Put(SubnetKey.Parse("10.5.2.0-24"), SubnetManagerLab.Attributes(2), TimeSpan.FromHours(24));

        node.Store.Inner = backup;
        node.Store.BreakWatches();
        await follower.NextAsync<StoreAvailabilityChanged>();
        await lab.Time.AdvanceToNextTimerAsync();

        await follower.NextAsync<StoreAvailabilityChanged>();
        Assert.Equal("10.5.3.0-24", Assert.Single((await follower.NextAsync<LeaseChanges>()).Changes).Before!.Key.ToString());
        Assert.Equal(OwnLeaseState.Reacquired, (await follower.NextAsync<OwnLeaseChanged>()).State);
        backup.Put(SubnetKey.Parse("10.5.4.0-24"), SubnetManagerLab.Attributes(4), TimeSpan.FromHours(24));
        await follower.NextAsync<LeaseChanges>();
    }

    [Theory]
    [InlineData(StoreOperation.List)]
    [InlineData(StoreOperation.Watch)]
    public async Task Watch_StoreThrowsSomethingUnexpected_GoesOnAfterAPause(StoreOperation operation)
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        await node.AcquireAndFollowBrieflyAsync();
        node.Store.FailNext(operation, new InvalidOperationException("a bug of the store"));
        await using LeaseFollower follower = node.Follow();

        var away = await follower.UntilAsync<StoreAvailabilityChanged>();
        Assert.Contains("a bug of the store", away.Error!.Message, StringComparison.Ordinal);
        await lab.Time.AdvanceToNextTimerAsync();

        Assert.Null((await follower.UntilAsync<StoreAvailabilityChanged>()).Error);
    }

    [Fact]
    public async Task Watch_StoreNeverAnswers_IsGivenUpAfterTheTimeoutAndTriedAgain()
    {
        var lab = new SubnetManagerLab(options: new SubnetManagerOptions());
        LabNode node = lab.Node(1);
        await node.AcquireAndFollowBrieflyAsync();
        HeldStoreCall held = node.Store.HoldNextBefore(StoreOperation.List);
        await using LeaseFollower follower = node.Follow();
        await held.WaitUntilReachedAsync();

        lab.Time.Advance(TimeSpan.FromSeconds(15));

        Assert.NotNull((await follower.NextAsync<StoreAvailabilityChanged>()).Error);
        await lab.Time.AdvanceToNextTimerAsync();
        Assert.Null((await follower.NextAsync<StoreAvailabilityChanged>()).Error);
    }

    [Fact]
    public async Task Watch_Open_TakesOneWatchAndOneListOfTheStore()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        await node.AcquireAndFollowBrieflyAsync();
        int before = node.Store.Calls.Count;
        await using LeaseFollower follower = node.Follow();

        await follower.NextAsync<LeaseSnapshot>();
        lab.PutPeer("10.5.2.0-24", host: 2);
        await follower.NextAsync<LeaseChanges>();

        Assert.Equal([StoreOperation.List, StoreOperation.Watch], node.Store.Calls.Skip(before).Select(call => call.Operation));
    }

    [Fact]
    public async Task Watch_HundredNodesOnOneStore_AllSeeEachOther()
    {
        const int Nodes = 100;
        var lab = new SubnetManagerLab();
        LeaseFollower[] followers = await Task.WhenAll(
            Enumerable.Range(1, Nodes).Select(host => Task.Run(() => lab.Node(host, seed: host).StartAsync())));

        foreach (LeaseFollower follower in followers)
        {
            // Whoever lost a race for its subnet lists again, and is told of the configuration too.
            await follower.UntilAsync(static known => known.Peers.Count == Nodes - 1);
            Assert.Empty(follower.Quarantine);
        }

        Assert.Equal(Nodes, followers.Select(follower => follower.Own.Key).Distinct().Count());
        await Task.WhenAll(followers.Select(follower => follower.DisposeAsync().AsTask()));
    }

    private static async Task<LeaseFollower> FollowAsync(LabNode node)
    {
        await node.AcquireAsync();
        return node.Follow();
    }
}
