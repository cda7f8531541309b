using System.Text;
using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Testing;

namespace Flannel.Core.Tests.Leases.Policy;

public sealed class SubnetManagerRenewalTests
{
    private static readonly TimeSpan RenewAfter = TimeSpan.FromHours(23);

    [Fact]
    public async Task Watch_RenewalDue_RenewsAtTheMarginWithoutAnyEvent()
    {
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist);
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        long revision = lab.Store.Revision;

        for (int day = 1; day <= 3; day++)
        {
            await lab.Time.WaitForTimerAsync(RenewAfter);
            lab.Time.Advance(RenewAfter);
            var renewed = await follower.NextAsync<OwnLeaseChanged>();
            Assert.Equal((OwnLeaseState.Renewed, null), (renewed.State, renewed.Error));
            Assert.Equal(lab.Time.GetUtcNow() + TimeSpan.FromHours(24), renewed.Lease.Expiration);
        }

        Assert.Equal(revision, lab.Store.Revision);
        Assert.Equal(3, node.Store.Calls.Count(call => call.Operation == StoreOperation.Renew));
    }

    [Fact]
    public async Task Watch_ShortTimeToLive_RenewsAtItsHalf()
    {
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist with { TimeToLive = TimeSpan.FromSeconds(10) });
        await using LeaseFollower follower = await lab.Node(1).StartAsync();

        await lab.Time.WaitForTimerAsync(TimeSpan.FromSeconds(5));
        lab.Time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(OwnLeaseState.Renewed, (await follower.NextAsync<OwnLeaseChanged>()).State);
    }

    [Fact]
    public async Task Watch_WallClockJumps_RenewsAtTheSameTime()
    {
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist);
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        await lab.Time.WaitForTimerAsync(RenewAfter);

        lab.Time.ShiftWallClock(TimeSpan.FromDays(1));
        lab.Time.Advance(RenewAfter - TimeSpan.FromSeconds(1));
        Assert.DoesNotContain(node.Store.Calls, call => call.Operation == StoreOperation.Renew);
        lab.Time.ShiftWallClock(TimeSpan.FromDays(-2));
        lab.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(OwnLeaseState.Renewed, (await follower.NextAsync<OwnLeaseChanged>()).State);
    }

    [Fact]
    public async Task Watch_AgainWhenTheLeaseIsOld_LooksAndRenewsAtOnce()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        await node.AcquireAndFollowBrieflyAsync();
        lab.Time.Advance(TimeSpan.FromHours(25));

        await using LeaseFollower follower = node.Follow();

        await follower.NextAsync<LeaseSnapshot>();
        Assert.Equal(OwnLeaseState.Renewed, (await follower.NextAsync<OwnLeaseChanged>()).State);
    }

    [Fact]
    public async Task Watch_RenewalFails_IsRepeatedUntilItWorksAndTellsOnceOfTheOutage()
    {
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist);
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        for (int i = 0; i < 8; i++)
            node.Store.FailNext(StoreOperation.Renew);
        await lab.Time.WaitForTimerAsync(RenewAfter);
        lab.Time.Advance(RenewAfter);

        Assert.NotNull((await follower.NextAsync<StoreAvailabilityChanged>()).Error);
        var pauses = new List<TimeSpan>();
        for (int i = 0; i < 8; i++)
            pauses.Add(await lab.Time.AdvanceToNextTimerAsync());

        Assert.Null((await follower.NextAsync<StoreAvailabilityChanged>()).Error);
        Assert.Equal(OwnLeaseState.Renewed, (await follower.NextAsync<OwnLeaseChanged>()).State);
        Assert.Equal(9, node.Store.Calls.Count(call => call.Operation == StoreOperation.Renew));
        Assert.InRange(pauses[0], TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        Assert.All(pauses, pause => Assert.InRange(pause, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)));
        Assert.InRange(pauses[^1], TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Watch_AnswerOfTheRenewalLost_RenewsAgain()
    {
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist);
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        node.Store.LoseAnswerOfNext(StoreOperation.Renew);
        await lab.Time.WaitForTimerAsync(RenewAfter);
        lab.Time.Advance(RenewAfter);
        await follower.NextAsync<StoreAvailabilityChanged>();

        await lab.Time.AdvanceToNextTimerAsync();

        Assert.Equal(OwnLeaseState.Renewed, (await follower.UntilAsync<OwnLeaseChanged>()).State);
    }

    [Fact]
    public async Task Watch_Reservation_NeverGetsATimeToLive()
    {
        var lab = new SubnetManagerLab();
        lab.Store.Reserve(SubnetKey.Parse("10.5.7.0-24"), SubnetManagerLab.Attributes(1));
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();

        while (lab.Time.Elapsed < TimeSpan.FromDays(2))
            await lab.Time.AdvanceToNextTimerAsync();

        Assert.False((await lab.FindAsync("10.5.7.0-24"))!.HasTimeToLive);
        Assert.Empty(follower.Pending());
    }

    [Fact]
    public async Task Watch_LeaseMadeAReservationByAnOperator_IsReportedAndKept()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();

        lab.Store.Reserve(follower.Own.Key, SubnetManagerLab.Attributes(1));

        var changed = await follower.NextAsync<OwnLeaseChanged>();
        Assert.Equal((OwnLeaseState.Renewed, true, null), (changed.State, changed.Lease.IsReservation, changed.Lease.Expiration));
        Assert.False((await lab.FindAsync(follower.Own.Key.ToString()))!.HasTimeToLive);
    }

    [Fact]
    public async Task Watch_ReservationMadeALeaseByAnOperator_IsRenewedAtOnce()
    {
        var lab = new SubnetManagerLab();
        lab.Store.Reserve(SubnetKey.Parse("10.5.7.0-24"), SubnetManagerLab.Attributes(1));
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();

        lab.Store.Put(follower.Own.Key, SubnetManagerLab.Attributes(1), TimeSpan.FromSeconds(5));

        Assert.False((await follower.NextAsync<OwnLeaseChanged>()).Lease.IsReservation);
        Assert.Equal(OwnLeaseState.Renewed, (await follower.NextAsync<OwnLeaseChanged>()).State);
        lab.StoreTime.Advance(TimeSpan.FromHours(1));
        Assert.NotNull(await lab.FindAsync("10.5.7.0-24"));
    }

    [Fact]
    public async Task Watch_PausedForLongerThanTheLeaseLives_ReadsBeforeItWrites()
    {
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist);
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        HeldStoreCall held = node.Store.HoldNextBefore(StoreOperation.Renew);
        await lab.Time.WaitForTimerAsync(RenewAfter);
        lab.Time.Advance(RenewAfter);
        await held.WaitUntilReachedAsync();
        int calls = node.Store.Calls.Count;

        // The process stands still inside the call while its lease's time passes.
        lab.Time.Advance(TimeSpan.FromDays(2));
        held.Fail(FaultyLeaseStore.NoAnswer);
        await follower.NextAsync<StoreAvailabilityChanged>();
        await lab.Time.AdvanceToNextTimerAsync();

        await follower.UntilAsync<OwnLeaseChanged>(own => own.State == OwnLeaseState.Renewed);
        Assert.Equal([StoreOperation.List, StoreOperation.Renew], node.Store.Calls.Skip(calls).Select(call => call.Operation));
    }

    [Fact]
    public async Task Watch_LeaseTakenWhilePaused_IsNotOverwritten()
    {
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist);
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        string key = follower.Own.Key.ToString();
        HeldStoreCall held = node.Store.HoldNextBefore(StoreOperation.Renew);
        await lab.Time.WaitForTimerAsync(RenewAfter);
        lab.Time.Advance(RenewAfter);
        await held.WaitUntilReachedAsync();

        lab.Time.Advance(TimeSpan.FromDays(2));
        lab.StoreTime.Advance(TimeSpan.FromDays(2));
        Assert.Null(await lab.FindAsync(key));
        lab.PutPeer(key, host: 2);
        held.Release();

        Assert.Equal(OwnLeaseState.Taken, (await follower.UntilAsync<OwnLeaseChanged>()).State);
        Assert.DoesNotContain(node.Store.Calls, call => call.Operation == StoreOperation.Update);
        Assert.Equal(SubnetManagerLab.Attributes(2).ToJson(), Text(await lab.FindAsync(key)));
    }

    private static string Text(StoredEntry? entry) => Encoding.UTF8.GetString(entry!.Value.Span);
}
