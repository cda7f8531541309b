using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Testing;

namespace Flannel.Core.Tests.Leases.Policy;

/// <summary>
/// Nodes that start together while <c>SubnetLen</c> changes: they go by different lengths, so the store does not keep apart what overlaps.
/// </summary>
public sealed class SubnetManagerOverlapTests
{
    [Theory]
    [InlineData("10.5.98.0-23")]
    [InlineData("10.5.99.128-25")]
    public async Task Start_QuickerNodeHasASubnetOfAnotherLength_TheLaterTakesAnotherOne(string rival)
    {
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist);
        LabNode node = lab.Node(1, previous: "10.5.99.0-24");
        node.Store.BeforeNext(StoreOperation.Create, () => lab.PutPeer(rival, host: 2));
        await using LeaseFollower follower = await node.StartAsync();
        Assert.Equal("10.5.99.0-24", follower.Own.Key.ToString());

        OwnLeaseChanged moved = await follower.UntilAsync<OwnLeaseChanged>();

        Assert.Equal(OwnLeaseState.Moved, moved.State);
        Assert.Contains(rival, moved.Error!.Message, StringComparison.Ordinal);
        await follower.DisposeAsync();
        await AssertElsewhereAsync(lab, lab.Node(1, previous: "10.5.99.0-24", seed: 2), moved.Lease, rival);
    }

    [Theory]
    [InlineData("10.5.98.0-23")]
    [InlineData("10.5.99.0-24&fd00:5:0:1::-64")]
    public async Task Acquire_OlderLeaseHasAPartOfTheOwn_TakesAnotherOne(string rival)
    {
        var lab = new SubnetManagerLab();
        lab.PutPeer(rival, host: 2);
        lab.PutPeer("10.5.99.0-24", host: 1);

        await AssertElsewhereAsync(lab, lab.Node(1, previous: "10.5.99.0-24"), held: null, rival);
    }

    [Theory]
    [InlineData("10.5.98.0-23", false)] // the younger one yields
    [InlineData("10.5.0.0-17", true)] // nobody's lease: too short
    public async Task Start_LeaseThatOverlapsIsYoungerOrNoLease_IsKept(string rival, bool isOlder)
    {
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist);
        if (isOlder) lab.PutPeer(rival, host: 2);
        LabNode node = lab.Node(1, previous: "10.5.99.0-24");
        await using LeaseFollower follower = await node.StartAsync();
        if (!isOlder) lab.PutPeer(rival, host: 2);
        lab.PutPeer("10.5.3.0-24", host: 3);

        await follower.UntilAsync(static seen => seen.Peers.ContainsKey("10.5.3.0-24") && seen.Quarantine.Count == 1);

        Assert.Empty(follower.States);
        Assert.Equal("10.5.99.0-24", (await lab.Node(1, seed: 2).AcquireAsync()).Key.ToString());
    }

    private static async Task AssertElsewhereAsync(SubnetManagerLab lab, LabNode node, Lease? held, string rival)
    {
        SubnetKey key = (await node.AcquireAsync(node.Request with { HeldLease = held })).Key;

        Assert.False(key.Overlaps(SubnetKey.Parse(rival)));
        Assert.Null(await lab.FindAsync("10.5.99.0-24"));
        Assert.NotNull(await lab.FindAsync(rival));
    }
}
