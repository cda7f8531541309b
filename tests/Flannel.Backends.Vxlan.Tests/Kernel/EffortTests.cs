using Flannel.Backends.Vxlan.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.Vxlan.Tests.Kernel;

/// <summary>Nothing is written that need not be.</summary>
public sealed class EffortTests
{
    private static readonly TimeSpan Never = TimeSpan.FromHours(1);

    [NetnsTheory]
    [InlineData(500, 4)]
    [InlineData(10_000, 3)]
    public async Task Resync_UnchangedWithThousandsOfPeers_WritesNothing(int nexthopThreshold, int entriesPerPeer)
    {
        int count = nexthopThreshold > 5000 ? 1000 : 5000;
        await using DataPathFixture fixture = await DataPathFixture.StartAsync(nexthopThreshold, TimeSpan.FromMilliseconds(200));
        fixture.Network.SetPeers(DataPathFixture.PeersOf(count));
        await fixture.WaitForConvergenceAsync();
        (long writes, long resyncs) = (fixture.Network.Writes, fixture.Network.Resyncs);
        Assert.InRange(writes, count * entriesPerPeer, long.MaxValue);

        // The kernel has one neighbour table for all namespaces: what other tests do may hide an entry from a resync, which then writes it. But that
        // is rare.
        await fixture.WaitAsync(network =>
        {
            if (network.Writes != writes)
                (writes, resyncs) = (network.Writes, network.Resyncs);
            return network.Resyncs >= resyncs + 5;
        });

        Assert.Empty(fixture.Network.Status.PeerProblems);
    }

    [NetnsTheory]
    [InlineData(0, 4)]
    [InlineData(500, 3)]
    public async Task OwnWrites_ComeBackAsNotifications_AndCauseNoWork(int nexthopThreshold, int entriesPerPeer)
    {
        await using DataPathFixture fixture = await DataPathFixture.StartAsync(nexthopThreshold, Never);
        Lease[] peers = DataPathFixture.PeersOf(300);
        fixture.Network.SetPeers(peers);
        await fixture.WaitForConvergenceAsync();

        for (int round = 0; round < 3; round++)
        {
            fixture.Network.ChangePeers([.. peers.Select(static peer => new LeaseChange(peer, null))]);
            await fixture.WaitForConvergenceAsync();
            fixture.Network.ChangePeers([.. peers.Select(static peer => new LeaseChange(null, peer))]);
            await fixture.WaitForConvergenceAsync();
        }

        // A change made by hand is told through the same socket, behind all of ours, and only the FDB does not say whose doing a change was.
        long needed = 7 * peers.Length * entriesPerPeer;
        (long Writes, long Resyncs) first = await DamageAsync();
        Assert.InRange(first.Writes, needed + 1, needed + 1 + (7 * peers.Length));
        (long Writes, long Resyncs) second = await DamageAsync();
        Assert.Equal(first.Writes + 1, second.Writes);
        Assert.Equal(first.Resyncs, second.Resyncs);

        async Task<(long Writes, long Resyncs)> DamageAsync()
        {
            long writes = fixture.Network.Writes;
            string subnet = peers[0].Subnet!.Value.ToString();
            await fixture.Host.ExecAsync("ip", "route", "del", subnet);
            await fixture.WaitAsync(network => network.Status.IsConverged && network.Writes > writes);
            while (!(await fixture.Host.ExecAsync("ip", "route", "show", subnet)).Contains("flannel.1", StringComparison.Ordinal))
                await Task.Delay(10);
            await fixture.WaitForConvergenceAsync();
            return (fixture.Network.Writes, fixture.Network.Resyncs);
        }
    }

    [NetnsFact]
    public async Task UnchangedPeer_IsSetAgain_WritesNothing()
    {
        await using DataPathFixture fixture = await DataPathFixture.StartAsync(500, Never);
        Lease[] peers = DataPathFixture.PeersOf(10);
        fixture.Network.SetPeers(peers);
        await fixture.WaitForConvergenceAsync();
        long before = fixture.Network.Writes;

        fixture.Network.SetPeers(peers);
        fixture.Network.ChangePeers([new LeaseChange(peers[0], peers[0] with { ModRevision = 99 })]);

        await fixture.WaitForConvergenceAsync();
        Assert.Equal(before, fixture.Network.Writes);
    }
}
