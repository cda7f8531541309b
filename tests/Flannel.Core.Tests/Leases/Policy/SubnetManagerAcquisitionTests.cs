using System.Text;
using Flannel.Core.Leases;
using Flannel.Core.Leases.Allocation;
using Flannel.Core.Leases.Policy;
using Flannel.Extensibility;
using Flannel.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Core.Tests.Leases.Policy;

public sealed class SubnetManagerAcquisitionTests
{
    [Theory]
    [InlineData(SubnetManagerLab.VxlanNetwork)]
    [InlineData(SubnetManagerLab.DualStackNetwork)]
    [InlineData(SubnetManagerLab.IPv6Network)]
    public async Task Acquire_EmptyStore_LeasesAFreeSubnetThatFits(string config)
    {
        var lab = new SubnetManagerLab(config);

        Lease lease = await lab.Node(1).AcquireAsync();

        Assert.True(LeaseRules.Fits(lab.Config, lease.Key));
        StoredEntry entry = (await lab.FindAsync(lease.Key.ToString()))!;
        Assert.Equal(SubnetManagerLab.Attributes(1).ToJson(), Text(entry));
        Assert.True(entry.HasTimeToLive);
        Assert.Equal((entry.CreateRevision, entry.ModRevision, false), (lease.CreateRevision, lease.ModRevision, lease.IsReservation));
        Assert.Equal(lab.Time.GetUtcNow() + TimeSpan.FromHours(24), lease.Expiration);
    }

    [Theory]
    [InlineData(SubnetManagerLab.VxlanNetwork)]
    [InlineData(SubnetManagerLab.DualStackNetwork)]
    [InlineData(SubnetManagerLab.IPv6Network)]
    public async Task Acquire_OwnLeaseThere_IsClaimedWithTheDocumentItHas(string config)
    {
        var lab = new SubnetManagerLab(config);
        Lease first = await lab.Node(1).AcquireAsync();
        Lease other = await lab.Node(2, seed: 2).AcquireAsync();
        StoredEntry before = (await lab.FindAsync(first.Key.ToString()))!;
        lab.StoreTime.Advance(TimeSpan.FromHours(20));

        Lease second = await lab.Node(1, seed: 3).AcquireAsync();

        Assert.NotEqual(first.Key, other.Key);
        StoredEntry after = (await lab.FindAsync(first.Key.ToString()))!;
        Assert.Equal((first.Key, first.CreateRevision, after.ModRevision), (second.Key, second.CreateRevision, second.ModRevision));
        Assert.Equal(Text(before), Text(after));
        Assert.NotEqual(before.ClaimId, after.ClaimId);
        lab.StoreTime.Advance(TimeSpan.FromHours(20));
        Assert.NotNull(await lab.FindAsync(first.Key.ToString()));
    }

    [Fact]
    public async Task Acquire_HeldUnderAnotherAddress_RewritesTheDocumentInPlace()
    {
        var lab = new SubnetManagerLab();
        Lease held = await lab.Node(1).AcquireAsync();

        Lease lease = await lab.Node(2).AcquireAsync(lab.Request(2) with { HeldLease = held });

        Assert.Equal((held.Key, held.CreateRevision), (lease.Key, lease.CreateRevision));
        Assert.Equal(SubnetManagerLab.Attributes(2).ToJson(), Text((await lab.FindAsync(held.Key.ToString()))!));
    }

    [Fact]
    public async Task Acquire_HeldUnderAnotherAddressButWrittenBySomebodyElse_LeavesItAlone()
    {
        var lab = new SubnetManagerLab();
        Lease held = await lab.Node(1).AcquireAsync();
        StoredEntry theirs = lab.PutPeer(held.Key.ToString(), host: 3);

        Lease lease = await lab.Node(2).AcquireAsync(lab.Request(2) with { HeldLease = held });

        Assert.NotEqual(held.Key, lease.Key);
        Assert.Equal(theirs.ModRevision, (await lab.FindAsync(held.Key.ToString()))!.ModRevision);
    }

    [Fact]
    public async Task Acquire_OwnLeaseWithAnotherDocument_RewritesIt()
    {
        var lab = new SubnetManagerLab();
        StoredEntry old = lab.PutPeer("10.5.7.0-24", host: 1, mac: "77");

        Lease lease = await lab.Node(1, previous: "10.5.9.0-24").AcquireAsync();

        Assert.Equal(("10.5.7.0-24", old.CreateRevision), (lease.Key.ToString(), lease.CreateRevision));
        Assert.Equal(SubnetManagerLab.Attributes(1).ToJson(), Text(await lab.FindAsync("10.5.7.0-24")));
    }

    [Fact]
    public async Task Acquire_SeveralOwnLeases_PrefersTheOneThatFitsThenThePreviousThenTheOldest()
    {
        var lab = new SubnetManagerLab();
        lab.PutPeer("10.5.7.0-25", host: 1);
        lab.PutPeer("10.5.9.0-24", host: 1);
        lab.PutPeer("10.5.8.0-24", host: 1);

        Assert.Equal("10.5.9.0-24", (await lab.Node(1).AcquireAsync()).Key.ToString());
        // Peers accept an address once, so the others do not stay.
        Assert.Null(await lab.FindAsync("10.5.8.0-24"));
        lab.PutPeer("10.5.8.0-24", host: 1);
        Assert.Equal("10.5.8.0-24", (await lab.Node(1, previous: "10.5.8.0-24").AcquireAsync()).Key.ToString());
    }

    [Theory]
    [InlineData("10.6.7.0-24")]
    [InlineData("10.5.0.0-24")]
    [InlineData("10.5.7.0-25")]
    [InlineData("10.5.7.0-24&fd00:5:0:7::-64")]
    public async Task Acquire_OwnLeaseThatNoLongerFits_IsDeletedAndReplaced(string unfit)
    {
        var lab = new SubnetManagerLab();
        lab.PutPeer(unfit, host: 1);

        Lease lease = await lab.Node(1).AcquireAsync();

        Assert.True(LeaseRules.Fits(lab.Config, lease.Key));
        Assert.Null(await lab.FindAsync(unfit));
        Assert.NotNull(await lab.FindAsync(lease.Key.ToString()));
    }

    [Fact]
    public async Task Acquire_OwnReservation_IsTakenAndKeepsHavingNoTimeToLive()
    {
        var lab = new SubnetManagerLab();
        lab.Store.Reserve(SubnetKey.Parse("10.5.7.0-24"), new LeaseAttributes { PublicIP = SubnetManagerLab.Attributes(1).PublicIP });

        Lease lease = await lab.Node(1).AcquireAsync();

        Assert.Equal(("10.5.7.0-24", true, null), (lease.Key.ToString(), lease.IsReservation, lease.Expiration));
        lab.StoreTime.Advance(TimeSpan.FromDays(30));
        StoredEntry entry = (await lab.FindAsync("10.5.7.0-24"))!;
        Assert.Equal((false, SubnetManagerLab.Attributes(1).ToJson()), (entry.HasTimeToLive, Text(entry)));
    }

    [Fact]
    public async Task Acquire_OwnReservationThatDoesNotFit_IsLeftAlone()
    {
        var lab = new SubnetManagerLab();
        lab.Store.Reserve(SubnetKey.Parse("10.5.7.0-25"), SubnetManagerLab.Attributes(1));

        Lease lease = await lab.Node(1, previous: "10.5.7.0-24").AcquireAsync();

        Assert.NotEqual("10.5.7.0-24", lease.Key.ToString());
        Assert.NotNull(await lab.FindAsync("10.5.7.0-25"));
    }

    [Fact]
    public async Task Acquire_PreviousSubnetFree_IsTakenAgain() =>
        Assert.Equal("10.5.99.0-24", (await new SubnetManagerLab().Node(1, previous: "10.5.99.0-24").AcquireAsync()).Key.ToString());

    [Theory]
    [InlineData("10.5.99.0-24&fd00:5:0:1::-64")]
    [InlineData("10.5.1.0-24&fd00:5:0:99::-64")]
    [InlineData("10.5.99.0-24")]
    [InlineData("10.5.99.128-25")]
    public async Task Acquire_HalfOfThePreviousSubnetHeldByAnother_TakesAnother(string held)
    {
        var lab = new SubnetManagerLab(SubnetManagerLab.DualStackNetwork);
        lab.PutPeer(held, host: 2);

        Lease lease = await lab.Node(1, previous: "10.5.99.0-24&fd00:5:0:99::-64").AcquireAsync();

        Assert.NotEqual("10.5.99.0-24&fd00:5:0:99::-64", lease.Key.ToString());
        Assert.True(SubnetAllocator.IsFree(lab.Config, lease.Key, [SubnetKey.Parse(held)]));
    }

    [Theory]
    [InlineData("10.5.0.0-24")]
    [InlineData("10.6.99.0-24")]
    [InlineData("10.5.99.0-25")]
    public async Task Acquire_PreviousSubnetDoesNotFit_TakesAnother(string previous) =>
        Assert.NotEqual(previous, (await new SubnetManagerLab().Node(1, previous).AcquireAsync()).Key.ToString());

    [Fact]
    public async Task Acquire_CorruptDocumentUnderAKey_SubnetCountsAsTaken()
    {
        var lab = new SubnetManagerLab();
        lab.PutText("10.5.99.0-24", "{ corrupt");
        lab.PutText("no-subnet", "{}");

        Assert.NotEqual("10.5.99.0-24", (await lab.Node(1, previous: "10.5.99.0-24").AcquireAsync()).Key.ToString());
    }

    [Fact]
    public async Task Acquire_RaceLost_ChoosesAgainFromAFreshList()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1, previous: "10.5.99.0-24");
        node.Store.BeforeNext(StoreOperation.Create, () => lab.PutPeer("10.5.99.0-24", host: 2));

        Lease lease = await node.AcquireAsync();

        Assert.NotEqual("10.5.99.0-24", lease.Key.ToString());
        Assert.Equal(2, node.Store.Calls.Count(call => call.Operation == StoreOperation.List));
        Assert.Equal(SubnetManagerLab.Attributes(2).ToJson(), Text(await lab.FindAsync("10.5.99.0-24")));
    }

    [Theory]
    [InlineData("10.5.99.0-24&fd00:5:0:1::-64")]
    [InlineData("10.5.1.0-24&fd00:5:0:63::-64")]
    public async Task Acquire_QuickerNodeHasOneOfTheTwoSubnets_Yields(string rival)
    {
        var lab = new SubnetManagerLab(SubnetManagerLab.DualStackNetwork);
        LabNode node = lab.Node(1, previous: "10.5.99.0-24&fd00:5:0:63::-64");
        node.Store.BeforeNext(StoreOperation.Create, () => lab.PutPeer(rival, host: 2));

        SubnetKey key = (await node.AcquireAsync()).Key, taken = SubnetKey.Parse(rival);

        Assert.NotEqual(taken.IPv4, key.IPv4);
        Assert.NotEqual(taken.IPv6, key.IPv6);
        Assert.Null(await lab.FindAsync("10.5.99.0-24&fd00:5:0:63::-64"));
    }

    [Fact]
    public async Task Acquire_LaterNodeHasOneOfTheTwoSubnets_KeepsItsOwn()
    {
        var lab = new SubnetManagerLab(SubnetManagerLab.DualStackNetwork);
        LabNode node = lab.Node(1, previous: "10.5.99.0-24&fd00:5:0:63::-64");
        node.Store.AfterNext(StoreOperation.Create, () => lab.PutPeer("10.5.99.0-24&fd00:5:0:1::-64", host: 2));

        Assert.Equal("10.5.99.0-24&fd00:5:0:63::-64", (await node.AcquireAsync()).Key.ToString());
    }

    [Fact]
    public async Task Acquire_OwnLeaseGoneBeforeItsRenewal_TakesItAgain()
    {
        var lab = new SubnetManagerLab();
        lab.PutPeer("10.5.7.0-24", host: 1);
        LabNode node = lab.Node(1, previous: "10.5.7.0-24");
        node.Store.BeforeNext(StoreOperation.Renew, () => lab.Store.Delete("10.5.7.0-24"));

        Assert.Equal("10.5.7.0-24", (await node.AcquireAsync()).Key.ToString());
    }

    [Fact]
    public async Task Acquire_AnswerOfTheWriteLost_FindsWhatItWrote()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        node.Store.LoseAnswerOfNext(StoreOperation.Create);

        Lease lease = await node.AcquireAsync();

        Assert.Equal(lease.Key.ToString(), Assert.Single((await lab.Store.ListAsync(null, CancellationToken.None)).Entries).Key);
        Assert.Single(node.Store.Calls, call => call.Operation == StoreOperation.Create);
    }

    [Fact]
    public async Task Acquire_EveryWriteFails_ThrowsTheStoresError()
    {
        LabNode node = new SubnetManagerLab().Node(1);
        for (int i = 0; i < 3; i++)
            node.Store.FailNext(StoreOperation.Create);

        await Assert.ThrowsAsync<StoreException>(() => node.AcquireAsync());

        Assert.Equal(3, node.Store.Calls.Count(call => call.Operation == StoreOperation.Create));
    }

    [Fact]
    public async Task Acquire_StoreDoesNotAnswer_ThrowsAfterTheTimeout()
    {
        var lab = new SubnetManagerLab(options: new SubnetManagerOptions());
        LabNode node = lab.Node(1);
        HeldStoreCall held = node.Store.HoldNextBefore(StoreOperation.List);
        Task<Lease> acquiring = node.AcquireAsync();
        await held.WaitUntilReachedAsync();

        lab.Time.Advance(lab.Options.CallTimeout);

        var error = await Assert.ThrowsAsync<StoreException>(() => acquiring);
        Assert.True(error.IsTransient);
        Assert.Contains("15 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Acquire_Cancelled_Throws()
    {
        LabNode node = new SubnetManagerLab().Node(1);
        HeldStoreCall held = node.Store.HoldNextBefore(StoreOperation.Create);
        using var stop = new CancellationTokenSource();
        Task<Lease> acquiring = node.AcquireAsync(cancellationToken: stop.Token);
        await held.WaitUntilReachedAsync();

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => acquiring);
    }

    [Fact]
    public async Task Acquire_NoPublicAddress_IsRefused()
    {
        var lab = new SubnetManagerLab();
        LeaseRequest request = lab.Request(1) with { Attributes = new LeaseAttributes { BackendType = "vxlan" } };

        var error = await Assert.ThrowsAsync<ArgumentException>(() => lab.Node(1).AcquireAsync(request));

        Assert.Contains("PublicIP", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Acquire_ThousandNodesOnAPoolOfThousand_AllGetDifferentSubnetsAndTheNextIsTold()
    {
        const string Document =
            """{"Network":"10.5.0.0/19","SubnetLen":30,"SubnetMin":"10.5.0.4","SubnetMax":"10.5.15.160","Backend":{"Type":"vxlan"}}""";
        var store = new InMemoryLeaseStore(Document);
        NetworkConfig config = NetworkConfig.Parse(Document, "test");
        async Task<Lease> AcquireAsync(int host)
        {
            var manager = new SubnetManager(
                store, SubnetManagerLab.NoTimeout, TimeProvider.System, new Random(host), NullLogger<SubnetManager>.Instance);
            var request = new LeaseRequest { Config = config, Attributes = SubnetManagerLab.Attributes(host) };
            return (await (await manager.OpenAsync(CancellationToken.None)).AcquireAsync(request, CancellationToken.None)).Lease;
        }

        Lease[] leases = await Task.WhenAll(Enumerable.Range(1, 1000).Select(host => Task.Run(() => AcquireAsync(host))));

        Assert.Equal(1000, leases.Select(lease => lease.Key).Distinct().Count());
        Assert.All(leases, lease => Assert.True(LeaseRules.Fits(config, lease.Key)));
        var error = await Assert.ThrowsAsync<SubnetPoolExhaustedException>(() => AcquireAsync(1001));
        Assert.Equal("10.5.0.0/19", error.Network.ToString());
        foreach (string part in new[] { "10.5.0.0/19", "1000 subnets", "1000 leases", "SubnetLen" })
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
        await store.DeleteAsync((await store.ListAsync(null, CancellationToken.None)).Entries[0], CancellationToken.None);
        await AcquireAsync(1001);
    }

    private static string Text(StoredEntry? entry) => Encoding.UTF8.GetString(entry!.Value.Span);
}
