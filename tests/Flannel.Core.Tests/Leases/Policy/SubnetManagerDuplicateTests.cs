using System.Text;
using Flannel.Core.Leases.Membership;
using Flannel.Core.Leases.Policy;
using Flannel.Core.Tests.Stores;
using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Testing;

namespace Flannel.Core.Tests.Leases.Policy;

/// <summary>
/// Two live hosts with one public address: the first keeps the lease, the second waits and takes it when the first is gone. A host that starts again
/// is no duplicate, however it ended.
/// </summary>
public sealed class SubnetManagerDuplicateTests
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(1);
    private static readonly SubnetManagerOptions Options = SubnetManagerLab.NoRelist with { TakeoverWait = Wait };

    [Fact]
    public async Task Start_FirstIsAlive_SecondIsRefusedAndNothingChangesForPeers()
    {
        var lab = new SubnetManagerLab(options: Options);
        LabNode first = lab.Node(1);
        await using LeaseFollower follower = await first.StartAsync();
        await using LeaseFollower peer = await lab.Node(2, seed: 7).StartAsync();
        string key = follower.Own.Key.ToString();
        string document = Text(await lab.FindAsync(key));

        var refused = await Assert.ThrowsAsync<DuplicatePublicAddressException>(
            () => Twin(lab, "99").AcquireAsync().WaitAsync(TimeSpan.FromSeconds(30)));

        Assert.Equal((key, "192.168.0.1", false), (refused.Key.ToString(), refused.Address.ToString(), refused.IsTransient));
        Assert.Contains("ExternalInterface.PublicIP", refused.Message, StringComparison.Ordinal);
        var told = await follower.UntilAsync<OwnLeaseChanged>();
        Assert.Equal(OwnLeaseState.Contested, told.State);
        Assert.Contains("-public-ip", Assert.IsType<DuplicatePublicAddressException>(told.Error).Message, StringComparison.Ordinal);
        Assert.Equal(document, Text(await lab.FindAsync(key)));
        Assert.Equal(1, first.Store.Calls.Count(static call => call.Operation == StoreOperation.Update));
        lab.PutPeer("10.5.250.0-24", host: 250);
        await peer.UntilAsync(one => one.Peers.ContainsKey("10.5.250.0-24"));
        Assert.All(
            peer.Seen.OfType<LeaseChanges>().SelectMany(static changes => changes.Changes),
            change => Assert.NotEqual(key, change.After?.Key.ToString()));
    }

    [Fact]
    public async Task Start_TenTwinsAgainAndAgain_FirstKeepsTheLease()
    {
        var lab = new SubnetManagerLab(options: Options);
        LabNode first = lab.Node(1);
        await using LeaseFollower follower = await first.StartAsync();

        for (int round = 0; round < 3; round++)
        {
            int twin = round;
            await Task.WhenAll(Enumerable.Range(0, 4).Select(
                number =>
                    Assert.ThrowsAsync<DuplicatePublicAddressException>(
                        () => Twin(lab, "99", seed: (twin * 10) + number + 2).AcquireAsync().WaitAsync(TimeSpan.FromSeconds(30)))));
            lab.Time.Advance(TimeSpan.FromSeconds(5));
        }

        follower.Pending();
        Assert.All(follower.States, state => Assert.Equal(OwnLeaseState.Contested, state));
        Assert.Equal(SubnetManagerLab.Attributes(1).ToJson(), Text(await lab.FindAsync(follower.Own.Key.ToString())));
    }

    /// <summary>Neither has a lease that the other one could find, so each creates one.</summary>
    [Fact]
    public async Task Start_TwinsTogetherOnAStoreThatKnowsNeither_TheLaterAsksAndIsRefused()
    {
        var lab = new SubnetManagerLab(options: Options);
        (LabNode first, LabNode twin) = (lab.Node(1), Twin(lab, "99"));
        await Task.WhenAll(first.OpenAsync(), twin.OpenAsync());
        await using LeaseFollower firstFollower = await first.StartAsync();
        await using LeaseFollower twinFollower = await twin.StartAsync();
        string elder = firstFollower.Own.Key.ToString();
        Assert.NotEqual(elder, twinFollower.Own.Key.ToString());

        OwnLeaseChanged moved = await twinFollower.UntilAsync<OwnLeaseChanged>();

        Assert.Equal(OwnLeaseState.Moved, moved.State);
        Assert.Contains(elder, moved.Error!.Message, StringComparison.Ordinal);
        LeaseRequest again = twin.Request with { HeldLease = moved.Lease, PreviousSubnet = moved.Lease.Key };
        var refused = await Assert.ThrowsAsync<DuplicatePublicAddressException>(() => twin.AcquireAsync(again).WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(elder, refused.Key.ToString());
        Assert.Equal(OwnLeaseState.Contested, (await firstFollower.UntilAsync<OwnLeaseChanged>()).State);
        Assert.Equal(OwnLeaseState.Contested, Assert.Single(firstFollower.States));
    }

    /// <summary>A backup brought back a lease that this host had before.</summary>
    [Fact]
    public async Task Watch_FormerLeaseIsBackBesideTheOwn_IsDeletedAndTheOwnIsKept()
    {
        var lab = new SubnetManagerLab(options: Options);
        LabNode node = lab.Node(1);
        await node.OpenAsync();
        lab.PutPeer("10.5.7.0-24", host: 1);
        await using LeaseFollower follower = await node.StartAsync();
        OwnLeaseChanged moved = await follower.UntilAsync<OwnLeaseChanged>();

        Task<Lease> acquiring = node.AcquireAsync(node.Request with { HeldLease = moved.Lease, PreviousSubnet = moved.Lease.Key });
        await lab.Time.WaitForTimerAsync(Wait);
        lab.Time.Advance(Wait);

        Assert.Equal(moved.Lease.Key, (await acquiring.WaitAsync(TimeSpan.FromSeconds(30))).Key);
        Assert.Null(await lab.FindAsync("10.5.7.0-24"));
    }

    [Fact]
    public async Task Watch_OlderReservationWithOurAddress_IsNoReasonToAcquireAgain()
    {
        var lab = new SubnetManagerLab(options: Options);
        LabNode node = lab.Node(1);
        await node.OpenAsync();
        lab.Store.Put("10.5.7.0-24", SubnetManagerLab.Attributes(1).ToUtf8Json(), timeToLive: null);
        await using LeaseFollower follower = await node.StartAsync();
        lab.PutPeer("10.5.250.0-24", host: 250);

        await follower.UntilAsync(static one => one.Peers.ContainsKey("10.5.250.0-24"));

        Assert.Empty(follower.States);
    }

    [Fact]
    public async Task Start_FirstWasKilled_IsNoDuplicate()
    {
        var lab = new SubnetManagerLab(options: Options);
        await using (LeaseFollower former = await lab.Node(1).StartAsync()) Assert.NotNull(former.Own);

        Lease own = await AfterWaitAsync(lab, Twin(lab, "99"));

        Assert.Equal(SubnetManagerLab.Attributes(1, "99").ToJson(), Text(await lab.FindAsync(own.Key.ToString())));
    }

    [Fact]
    public async Task Start_SameDocument_IsReadyAfterTheWaitAndNotBefore()
    {
        var lab = new SubnetManagerLab(options: Options);
        lab.PutPeer("10.5.7.0-24", host: 1);
        LabNode node = lab.Node(1);

        Task<Lease> acquiring = node.AcquireAsync();
        await lab.Time.WaitForTimerAsync(Wait);
        lab.Time.Advance(Wait - TimeSpan.FromMilliseconds(1));
        Assert.False(acquiring.IsCompleted);
        lab.Time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal("10.5.7.0-24", (await acquiring).Key.ToString());
    }

    [Fact]
    public async Task Start_OperatorMakesAReservationMeanwhile_IsNoAnswer()
    {
        var lab = new SubnetManagerLab(options: Options);
        StoredEntry entry = lab.PutPeer("10.5.7.0-24", host: 1);
        LabNode node = lab.Node(1);
        Task<Lease> acquiring = node.AcquireAsync();
        await lab.Time.WaitForTimerAsync(Wait);

        lab.Store.Put(entry.Key, entry.Value, timeToLive: null);

        await lab.Time.AdvanceToNextTimerAsync();
        Assert.True((await DriveAsync(lab, acquiring)).IsReservation);
    }

    [Fact]
    public async Task Watch_SecondGoesAway_FirstIsCleanAgain()
    {
        var lab = new SubnetManagerLab(options: Options);
        await using LeaseFollower follower = await lab.Node(1).StartAsync();
        await Assert.ThrowsAsync<DuplicatePublicAddressException>(() => Twin(lab, "99").AcquireAsync().WaitAsync(TimeSpan.FromSeconds(30)));
        await follower.UntilAsync<OwnLeaseChanged>(own => own.State == OwnLeaseState.Contested);

        await lab.Time.WaitForTimerAsync(LeaseContest.QuietTime);
        lab.Time.Advance(LeaseContest.QuietTime);

        var clean = await follower.UntilAsync<OwnLeaseChanged>();
        Assert.Equal((OwnLeaseState.Renewed, null), (clean.State, clean.Error));
    }

    [Fact]
    public async Task Watch_FlannelWithOurAddressRewritesTheKey_IsPutBackAndTold()
    {
        var lab = new SubnetManagerLab(options: Options);
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        string key = follower.Own.Key.ToString();

        for (int round = 1; round <= 3; round++)
        {
            lab.PutPeer(key, host: 1, mac: $"{round}{round}");
            Assert.Equal(OwnLeaseState.Contested, (await follower.NextAsync<OwnLeaseChanged>()).State);
            Assert.Equal(SubnetManagerLab.Attributes(1).ToJson(), Text(await lab.FindAsync(key)));
        }
    }

    [Fact]
    public async Task Watch_FlannelBesideUsRenewsItsOwnKey_IsNothing()
    {
        var lab = new SubnetManagerLab(options: Options);
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        lab.PutPeer("10.5.250.0-24", host: 250);
        await follower.NextAsync<LeaseChanges>();

        lab.PutPeer("10.5.250.0-24", host: 250);
        lab.PutPeer("10.5.251.0-24", host: 251);

        await follower.UntilAsync(one => one.Peers.ContainsKey("10.5.251.0-24"));
        Assert.Empty(follower.States);
        Assert.DoesNotContain(node.Store.Calls, static call => call.Operation is StoreOperation.Update or StoreOperation.Claim);
    }

    [Fact]
    public async Task Watch_SomebodyWritesWithoutEnd_IsLeftAlone()
    {
        var lab = new SubnetManagerLab(options: Options);
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        string key = follower.Own.Key.ToString();

        while (follower.State != OwnLeaseState.Taken)
        {
            lab.PutPeer(key, host: 1, mac: "77");
            await follower.NextAsync<OwnLeaseChanged>();
        }

        Assert.InRange(node.Store.Calls.Count(static call => call.Operation == StoreOperation.Update), 1, 20);
        Assert.Equal(SubnetManagerLab.Attributes(1, "77").ToJson(), Text(await lab.FindAsync(key)));
    }

    [Theory]
    [InlineData("99")]
    [InlineData("1")]
    public async Task Watch_TakenOverWhileCutOff_TheOneThatReturnsYieldsAndTakesItBackWhenTheOtherIsGone(string mac)
    {
        var lab = new SubnetManagerLab(options: Options);
        LabNode first = lab.Node(1);
        await using LeaseFollower follower = await first.StartAsync();
        first.Store.Away = FaultyLeaseStore.NoAnswer;
        await follower.UntilAsync(static one => one.IsStoreAway);
        LabNode second = Twin(lab, mac);
        await AfterWaitAsync(lab, second);
        LeaseFollower secondFollower = second.Follow();
        await secondFollower.UntilAsync<LeaseSnapshot>();
        string document = Text(await lab.FindAsync(follower.Own.Key.ToString()));

        first.Store.Away = null;
        await DriveAsync(lab, follower.UntilAsync<OwnLeaseChanged>(static own => own.State == OwnLeaseState.Taken));

        Assert.Equal(OwnLeaseState.Contested, (await secondFollower.UntilAsync<OwnLeaseChanged>()).State);
        Assert.Equal(document, Text(await lab.FindAsync(follower.Own.Key.ToString())));
        await secondFollower.DisposeAsync();

        await DriveAsync(lab, follower.UntilAsync<OwnLeaseChanged>(static own => own.State == OwnLeaseState.Reacquired));
        Assert.Equal(SubnetManagerLab.Attributes(1).ToJson(), Text(await lab.FindAsync(follower.Own.Key.ToString())));
    }

    /// <summary>
    /// What a host that stood still does when it goes on depends on what its watch had got before. Was that the claim alone, its answer to the claim
    /// comes too late and is refused, and it answers what stands there instead; else the claim and what followed come together, and are answered
    /// once.
    /// </summary>
    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 1)]
    public async Task Watch_PausedWhileAnotherHostTookTheLease_TheOtherOneKeepsIt(bool hasGotTheClaim, int writes)
    {
        var lab = new SubnetManagerLab(options: Options);
        LabNode first = lab.Node(1);
        await using LeaseFollower follower = await first.StartAsync();
        lab.PutPeer("10.5.250.0-24", host: 250);
        await follower.UntilAsync(static one => one.Peers.ContainsKey("10.5.250.0-24")); // so the watch has told of the own lease, too
        // Stopped: what the watch delivers is read when it goes on.
        HeldStoreCall paused = first.Store.HoldNextAfter(StoreOperation.Watch);
        if (!hasGotTheClaim)
        {
            lab.PutPeer("10.5.251.0-24", host: 251);
            await paused.WaitUntilReachedAsync();
        }

        LabNode second = Twin(lab, "99");
        Task<Lease> acquiring = second.AcquireAsync();
        await paused.WaitUntilReachedAsync();
        await lab.Time.WaitForTimerAsync(Wait);
        lab.Time.Advance(Wait);
        await acquiring.WaitAsync(TimeSpan.FromSeconds(30));
        await using LeaseFollower secondFollower = second.Follow();
        await secondFollower.UntilAsync<LeaseSnapshot>();
        lab.Time.Advance(TimeSpan.FromSeconds(20));

        paused.Release();

        await follower.UntilAsync<OwnLeaseChanged>(static own => own.State == OwnLeaseState.Taken);
        Assert.Equal(OwnLeaseState.Contested, (await secondFollower.UntilAsync<OwnLeaseChanged>()).State);
        Assert.Equal(SubnetManagerLab.Attributes(1, "99").ToJson(), Text(await lab.FindAsync(follower.Own.Key.ToString())));
        secondFollower.Pending();
        Assert.DoesNotContain(OwnLeaseState.Taken, secondFollower.States);
        Assert.Equal(writes, first.Store.Calls.Count(static call => call.Operation == StoreOperation.Update));
    }

    [Fact]
    public async Task Watch_AnswerComesTooLate_OneOfThemYields()
    {
        // The second one does not wait at all, which is as late as an answer can come.
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist);
        LabNode first = lab.Node(1);
        await using LeaseFollower follower = await first.StartAsync();
        HeldStoreCall answer = first.Store.HoldNextBefore(StoreOperation.Update);
        LabNode second = Twin(lab, "99");
        await second.AcquireAsync();
        answer.Release();
        await using LeaseFollower secondFollower = second.Follow();

        await secondFollower.UntilAsync<OwnLeaseChanged>(static own => own.State == OwnLeaseState.Taken);
        Assert.Equal(OwnLeaseState.Contested, (await follower.UntilAsync<OwnLeaseChanged>()).State);
        Assert.Equal(SubnetManagerLab.Attributes(1).ToJson(), Text(await lab.FindAsync(follower.Own.Key.ToString())));
    }

    [Fact]
    public async Task Watch_OwnWriteWithoutAnswer_IsNoDuplicate()
    {
        var lab = new SubnetManagerLab(options: Options);
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        node.Store.LoseAnswerOfNext(StoreOperation.Update);

        lab.PutText(follower.Own.Key.ToString(), "{ corrupt");
        await follower.UntilAsync(static one => one.IsStoreAway);
        await DriveAsync(lab, follower.UntilAsync(static one => !one.IsStoreAway));
        await DriveAsync(lab, Task.Delay(20));

        follower.Pending();
        Assert.DoesNotContain(OwnLeaseState.Taken, follower.States);
        Assert.DoesNotContain(OwnLeaseState.Contested, follower.States);
    }

    [Fact]
    public async Task Acquire_LeaseWrittenByThisProcess_IsNotAskedFor()
    {
        var lab = new SubnetManagerLab(options: Options);
        LabNode node = lab.Node(1);
        Lease held = await node.AcquireAsync();

        Lease again = await node.AcquireAsync(lab.Request(9) with { HeldLease = held });

        Assert.Equal(held.Key, again.Key);
        Assert.DoesNotContain(node.Store.Calls, static call => call.Operation == StoreOperation.Claim);
    }

    [Fact]
    public async Task Acquire_LeaseLastWrittenByAFormerLife_IsClaimedWithoutWaiting()
    {
        var lab = new SubnetManagerLab(options: Options);
        Lease held = await lab.Node(1).AcquireAsync();
        LabNode restarted = Restarted(lab, held, held.ModRevision);

        Lease again = await restarted.AcquireAsync().WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(held.Key, again.Key);
        Assert.Single(restarted.Store.Calls, static call => call.Operation == StoreOperation.Claim);
    }

    [Fact]
    public async Task Acquire_LeaseWrittenAgainSince_IsWaitedFor()
    {
        var lab = new SubnetManagerLab(options: Options);
        Lease held = await lab.Node(1).AcquireAsync();
        lab.PutText(held.Key.ToString(), SubnetManagerLab.Attributes(1).ToJson());

        Lease again = await AfterWaitAsync(lab, Restarted(lab, held, held.ModRevision));

        Assert.Equal(held.Key, again.Key);
    }

    [Fact]
    public async Task Acquire_LeaseOfAFormerAddress_IsWaitedFor()
    {
        var lab = new SubnetManagerLab(options: Options);
        Lease held = await lab.Node(1).AcquireAsync();
        LabNode moved = new(lab, lab.Request(2) with { HeldLease = held with { ModRevision = 0 }, LastWrite = held.ModRevision }, seed: 3);

        Lease again = await AfterWaitAsync(lab, moved);

        Assert.Equal(held.Key, again.Key);
    }

    /// <summary>A host that was cloned while it ran remembers what the other one does. It takes no second to wait, but it asks.</summary>
    [Fact]
    public async Task Start_CloneThatRemembersTheLastWrite_YieldsToTheFirst()
    {
        var lab = new SubnetManagerLab(options: Options);
        await using LeaseFollower first = await lab.Node(1).StartAsync();
        string document = Text(await lab.FindAsync(first.Own.Key.ToString()));

        LeaseRequest request = lab.Request(1) with { HeldLease = first.Own with { ModRevision = 0 }, LastWrite = first.Own.ModRevision };
        LabNode clone = new(lab, request with { Attributes = SubnetManagerLab.Attributes(1, "99") }, seed: 3);
        await clone.AcquireAsync().WaitAsync(TimeSpan.FromSeconds(30));
        await using LeaseFollower second = clone.Follow();
        await DriveAsync(lab, second.UntilAsync(static one => one.State == OwnLeaseState.Taken));

        Assert.NotEqual(OwnLeaseState.Taken, first.State);
        Assert.Equal(document, Text(await lab.FindAsync(first.Own.Key.ToString())));
    }

    [Fact]
    public async Task Start_StoreThatIsPolled_FirstKeepsTheLeaseToo()
    {
        var time = new FakeTimeProvider();
        var rows = new TableLeaseStore(new Table(), null, time);
        await rows.WriteConfigAsync(Encoding.UTF8.GetBytes(SubnetManagerLab.VxlanNetwork), null, CancellationToken.None);
        SubnetManager NewManager(int seed) => new(
            rows, Options, time, new Random(seed), Microsoft.Extensions.Logging.Abstractions.NullLogger<SubnetManager>.Instance);
        var lab = new SubnetManagerLab();
        await using var first = new LeaseFollower(await (await NewManager(1).OpenAsync(default)).AcquireAsync(lab.Request(1), default));
        await first.UntilAsync<LeaseSnapshot>();

        for (int attempt = 2; attempt < 5; attempt++)
        {
            Task<ISubnetMembership> second = (await NewManager(attempt).OpenAsync(default)).AcquireAsync(lab.Request(1), default);
            while (!second.IsCompleted)
            {
                await Task.WhenAny(second, Task.Delay(5));
                time.Advance(TimeSpan.FromMilliseconds(100));
            }

            TimeSpan pause = (await Assert.ThrowsAsync<DuplicatePublicAddressException>(() => second)).Pause;
            for (int step = 0; step < 10; step++)
            {
                time.Advance((TimeSpan.FromSeconds(2.25) + pause) / 10);
                await Task.Delay(2);
            }
        }

        first.Pending();
        Assert.All(first.States, static state => Assert.Equal(OwnLeaseState.Contested, state));
    }

    private static LabNode Twin(SubnetManagerLab lab, string mac, int seed = 2) =>
        new(lab, lab.Request(1) with { Attributes = SubnetManagerLab.Attributes(1, mac) }, seed);

    private static LabNode Restarted(SubnetManagerLab lab, Lease held, long lastWrite) =>
        new(lab, lab.Request(1) with { HeldLease = held with { ModRevision = 0 }, LastWrite = lastWrite }, seed: 3);

    private static async Task<Lease> AfterWaitAsync(SubnetManagerLab lab, LabNode node)
    {
        Task<Lease> acquiring = node.AcquireAsync();
        await lab.Time.WaitForTimerAsync(Wait);
        lab.Time.Advance(Wait);
        return await acquiring.WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Lets the timers of moments fire until something has come.</summary>
    private static async Task<T> DriveAsync<T>(SubnetManagerLab lab, Task<T> task)
    {
        await DriveAsync(lab, (Task)task);
        return await task;
    }

    private static async Task DriveAsync(SubnetManagerLab lab, Task task)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (!task.IsCompleted)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(60), "It has not come.");
            await Task.WhenAny(task, Task.Delay(10)); // so that an answer that needs no time comes before its deadline
            if (lab.Time.ArmedTimers is [var left, ..] && left <= TimeSpan.FromMinutes(1))
                lab.Time.Advance(TimeSpan.FromMilliseconds(Math.Min(left.TotalMilliseconds, 200)));
        }

        await task;
    }

    private static string Text(StoredEntry? entry) => Encoding.UTF8.GetString(entry!.Value.Span);
}
