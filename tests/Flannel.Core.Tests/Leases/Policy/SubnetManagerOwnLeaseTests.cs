using System.Text;
using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Testing;

namespace Flannel.Core.Tests.Leases.Policy;

public sealed class SubnetManagerOwnLeaseTests
{
    [Theory]
    [InlineData(SubnetManagerLab.VxlanNetwork)]
    [InlineData(SubnetManagerLab.DualStackNetwork)]
    [InlineData(SubnetManagerLab.IPv6Network)]
    public async Task Watch_OwnKeyDeleted_TakesTheSameSubnetAgainAndPeersNoticeNothing(string config)
    {
        var lab = new SubnetManagerLab(config);
        await using LeaseFollower follower = await lab.Node(1).StartAsync();
        Lease before = follower.Own;

        lab.Store.Delete(before.Key.ToString());

        var changed = await follower.NextAsync<OwnLeaseChanged>();
        Assert.Equal((OwnLeaseState.Reacquired, before.Key, null), (changed.State, changed.Lease.Key, changed.Error));
        Assert.True(changed.Lease.CreateRevision > before.CreateRevision);
        Assert.Equal(SubnetManagerLab.Attributes(1).ToJson(), Text(await lab.FindAsync(before.Key.ToString())));
        Assert.Empty(follower.Pending());
    }

    [Fact]
    public async Task Watch_OwnKeyDeletedAndTakenBeforeWeAreBack_IsTakenAndNeverOverwritten()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        string key = follower.Own.Key.ToString();
        node.Store.BeforeNext(StoreOperation.Create, () => lab.PutPeer(key, host: 2));

        lab.Store.Delete(key);

        var changed = await follower.NextAsync<OwnLeaseChanged>();
        Assert.Equal(OwnLeaseState.Taken, changed.State);
        Assert.IsType<LeaseLostException>(changed.Error);
        Assert.Contains("192.168.0.2", changed.Error.Message, StringComparison.Ordinal);
        Assert.Contains(key, changed.Error.Message, StringComparison.Ordinal);
        while (lab.Time.Elapsed < TimeSpan.FromDays(2))
            await lab.Time.AdvanceToNextTimerAsync();
        Assert.Equal(SubnetManagerLab.Attributes(2).ToJson(), Text(await lab.FindAsync(key)));
        Assert.Empty(follower.Pending());

        lab.Store.Delete(key);

        Assert.Equal(OwnLeaseState.Reacquired, (await follower.UntilAsync<OwnLeaseChanged>()).State);
        Assert.Equal(SubnetManagerLab.Attributes(1).ToJson(), Text(await lab.FindAsync(key)));
        Assert.Empty(follower.Peers);
    }

    [Fact]
    public async Task Watch_OwnKeyOverwrittenByAnotherHost_IsTakenUntilItsLeaseExpires()
    {
        var lab = new SubnetManagerLab();
        await using LeaseFollower follower = await lab.Node(1).StartAsync();
        lab.Store.Put(follower.Own.Key, SubnetManagerLab.Attributes(2), TimeSpan.FromMinutes(1));
        Assert.Equal(OwnLeaseState.Taken, (await follower.NextAsync<OwnLeaseChanged>()).State);

        lab.StoreTime.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(OwnLeaseState.Reacquired, (await follower.NextAsync<OwnLeaseChanged>()).State);
    }

    [Fact]
    public async Task Watch_OurDocumentPutBackByAnOperator_IsHeldAgainAndRenewed()
    {
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist);
        await using LeaseFollower follower = await lab.Node(1).StartAsync();
        lab.PutPeer(follower.Own.Key.ToString(), host: 2);
        Assert.Equal(OwnLeaseState.Taken, (await follower.NextAsync<OwnLeaseChanged>()).State);

        lab.Store.Put(follower.Own.Key, SubnetManagerLab.Attributes(1), TimeSpan.FromMinutes(1));

        Assert.Equal(OwnLeaseState.Reacquired, (await follower.NextAsync<OwnLeaseChanged>()).State);
        Assert.Equal(OwnLeaseState.Renewed, (await follower.NextAsync<OwnLeaseChanged>()).State);
        lab.StoreTime.Advance(TimeSpan.FromHours(1));
        Assert.NotNull(await lab.FindAsync(follower.Own.Key.ToString()));
    }

    [Fact]
    public async Task Watch_SubnetTakenUnderAnotherKeyWhileOursWasGone_IsTakenUntilThatKeyGoes()
    {
        var lab = new SubnetManagerLab(SubnetManagerLab.DualStackNetwork);
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        string own = follower.Own.Key.ToString();
        string rival = new SubnetKey(follower.Own.Subnet, System.Net.IPNetwork.Parse("fd00:5:0:ffff::/64")).ToString();
        node.Store.Away = FaultyLeaseStore.NoAnswer;
        Assert.NotNull((await follower.NextAsync<StoreAvailabilityChanged>()).Error);
        lab.Store.Delete(own);
        lab.PutPeer(rival, host: 2);
        node.Store.Away = null;
        await lab.Time.AdvanceToNextTimerAsync();

        Assert.Null((await follower.NextAsync<StoreAvailabilityChanged>()).Error);
        var changed = await follower.UntilAsync<OwnLeaseChanged>();
        Assert.Equal(OwnLeaseState.Taken, changed.State);
        Assert.Contains(rival, changed.Error!.Message, StringComparison.Ordinal);
        Assert.Null(await lab.FindAsync(own));

        lab.Store.Delete(rival);

        Assert.Equal(OwnLeaseState.Reacquired, (await follower.UntilAsync<OwnLeaseChanged>()).State);
        Assert.NotNull(await lab.FindAsync(own));
    }

    [Fact]
    public async Task Watch_CreatingAgainFails_IsLostAndTriedAgain()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        node.Store.FailNext(StoreOperation.Create);
        string key = follower.Own.Key.ToString();

        lab.Store.Delete(key);

        var lost = await follower.UntilAsync<OwnLeaseChanged>();
        Assert.Equal(OwnLeaseState.Lost, lost.State);
        Assert.IsType<LeaseLostException>(lost.Error);
        Assert.NotNull((await follower.NextAsync<StoreAvailabilityChanged>()).Error);
        await lab.Time.AdvanceToNextTimerAsync();
        Assert.Equal(OwnLeaseState.Reacquired, (await follower.UntilAsync<OwnLeaseChanged>()).State);
        Assert.NotNull(await lab.FindAsync(key));
    }

    [Fact]
    public async Task Watch_ListingForTheOwnKeyIsOlderThanWhatWasTold_TakesNoPeerAway()
    {
        const string Peer = "10.5.99.0-24";
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist);
        LabNode node = lab.Node(1, previous: "10.5.7.0-24");
        await using LeaseFollower follower = await node.StartAsync();
        node.Store.FailNext(StoreOperation.Create);
        lab.Store.Delete(follower.Own.Key.ToString());
        await follower.UntilAsync<OwnLeaseChanged>(own => own.State == OwnLeaseState.Lost);
        HeldStoreCall look = node.Store.HoldNextAfter(StoreOperation.List);
        await lab.Time.AdvanceToNextTimerAsync();
        await look.WaitUntilReachedAsync();

        lab.PutPeer(Peer, 9);
        await follower.UntilAsync(found => found.Peers.ContainsKey(Peer));
        look.Release();
        await follower.UntilAsync<OwnLeaseChanged>(own => own.State == OwnLeaseState.Reacquired);

        Assert.Contains(Peer, follower.Peers.Keys);
    }

    [Fact]
    public async Task Watch_AnswerOfCreatingAgainLost_FindsWhatItWrote()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        node.Store.LoseAnswerOfNext(StoreOperation.Create);

        lab.Store.Delete(follower.Own.Key.ToString());

        await follower.UntilAsync<OwnLeaseChanged>(own => own.State == OwnLeaseState.Lost);
        await follower.UntilAsync<OwnLeaseChanged>(own => own.State == OwnLeaseState.Reacquired);
        await follower.UntilAsync<StoreAvailabilityChanged>(store => store.Error is null);
        Assert.Equal(2, node.Store.Calls.Count(call => call.Operation == StoreOperation.Create));
        Assert.Equal(follower.Own.CreateRevision, (await lab.FindAsync(follower.Own.Key.ToString()))!.CreateRevision);
    }

    [Fact]
    public async Task Watch_OwnDocumentCorrupted_IsPutBack()
    {
        var lab = new SubnetManagerLab();
        await using LeaseFollower follower = await lab.Node(1).StartAsync();
        string key = follower.Own.Key.ToString();

        lab.PutText(key, "{ corrupt");

        Assert.Equal(OwnLeaseState.Renewed, (await follower.NextAsync<OwnLeaseChanged>()).State);
        Assert.Equal(SubnetManagerLab.Attributes(1).ToJson(), Text(await lab.FindAsync(key)));
    }

    private static string Text(StoredEntry? entry) => Encoding.UTF8.GetString(entry!.Value.Span);
}
