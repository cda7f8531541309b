using Flannel.Core.Leases.Policy;
using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Testing;

namespace Flannel.Core.Tests.Leases.Policy;

/// <summary>What a node makes of a store from which most leases, or everything, have gone.</summary>
public sealed class SubnetManagerMassRemovalTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2), MassGrace = TimeSpan.FromMinutes(2);
    private static readonly SubnetManagerOptions Options = SubnetManagerLab.NoRelist with
    {
        PeerGracePeriod = Grace,
        MassRemovalGracePeriod = MassGrace,
    };

    [Fact]
    public async Task Watch_MostPeersDeleted_AreKeptAndTold()
    {
        (SubnetManagerLab lab, LeaseFollower follower) = await StartAsync(5);
        await using LeaseFollower ends = follower;

        for (int peer = 1; peer <= 4; peer++) lab.Store.Delete($"10.5.{peer}.0-24");
        await follower.UntilAsync<PeersRetained>(static retained => retained.Count == 4);
        lab.PutPeer("10.5.1.0-24", host: 11);
        await follower.UntilAsync<PeersRetained>(static retained => retained.Count == 3);

        Assert.Equal(5, follower.Peers.Count);
        Assert.Empty(follower.Seen.OfType<LeaseChanges>());
        await lab.Time.WaitForTimerWithinAsync(MassGrace);
        lab.Time.Advance(MassGrace);
        await follower.UntilAsync<PeersRetained>(static retained => retained.Count == 0);
        Assert.Equal(["10.5.1.0-24", "10.5.5.0-24"], follower.Peers.Keys.Order());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task Watch_StoreRestoredEmpty_PeersAreKeptAndTheLeaseIsTakenAgain(int peers)
    {
        (SubnetManagerLab lab, LeaseFollower follower) = await StartAsync(peers);
        await using LeaseFollower ends = follower;

        var empty = new InMemoryLeaseStore((string?)null, lab.StoreTime);
        _store.Inner = empty;
        _store.BreakWatches();

        Task arrived = follower.UntilAsync(one => Retained(one) == peers && one.State == OwnLeaseState.Reacquired);
        while (!arrived.IsCompleted)
        {
            await Task.WhenAny(arrived, Task.Delay(2));
            if (lab.Time.ArmedTimers is [var left, ..] && left < Grace) lab.Time.Advance(left);
        }

        await arrived;
        for (int peer = 1; peer <= peers; peer++)
        {
            empty.Put(
                SubnetKey.Parse($"10.5.{peer}.0-24"), SubnetManagerLab.Attributes(10 + peer), TimeSpan.FromDays(1));
        }

        await follower.UntilAsync(static one => Retained(one) == 0);
        Assert.Empty(follower.Seen.OfType<LeaseChanges>());
    }

    [Fact]
    public async Task Watch_TheOtherHostOfTwoLeaves_IsGoneAfterTheUsualGrace()
    {
        (SubnetManagerLab lab, LeaseFollower follower) = await StartAsync(1);
        await using LeaseFollower ends = follower;

        lab.Store.Delete("10.5.1.0-24");
        await lab.Time.WaitForTimerWithinAsync(Grace);
        lab.Time.Advance(Grace);

        await follower.UntilAsync(static one => one.Peers.Count == 0);
        Assert.Empty(follower.Seen.OfType<PeersRetained>());
    }

    private static int? Retained(LeaseFollower follower) => follower.Seen.OfType<PeersRetained>().LastOrDefault()?.Count;

    private FaultyLeaseStore _store = null!;

    private async Task<(SubnetManagerLab Lab, LeaseFollower Follower)> StartAsync(int peers)
    {
        var lab = new SubnetManagerLab(options: Options);
        for (int peer = 1; peer <= peers; peer++) lab.PutPeer($"10.5.{peer}.0-24", host: 10 + peer);
        LabNode node = lab.Node(1, previous: "10.5.200.0-24");
        _store = node.Store;
        return (lab, await node.StartAsync());
    }
}
