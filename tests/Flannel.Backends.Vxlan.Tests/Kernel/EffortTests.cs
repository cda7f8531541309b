using Flannel.Backends.Vxlan.Entries;
using Flannel.Backends.Vxlan.Tests.Support;
using Flannel.Core.Leases;
using Flannel.Core.Reconciliation;
using Flannel.Testing.Namespaces;

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
        await using var fixture = new DataPathFixture(nexthopThreshold, TimeSpan.FromMilliseconds(200));
        fixture.DataPath.SetPeers(DataPathFixture.PeersOf(count));
        ReconcilerStatus<VxlanEntryKey> quiet = await fixture.WaitAsync(static status => status.IsConverged);
        Assert.InRange(quiet.Writes, count * entriesPerPeer, long.MaxValue);

        // The kernel has one neighbour table for all namespaces: what other tests do may hide an entry from a resync, which then writes it. But that is rare.
        ReconcilerStatus<VxlanEntryKey> after = await fixture.WaitAsync(status =>
        {
            quiet = status.Writes == quiet.Writes ? quiet : status;
            return status.Resyncs >= quiet.Resyncs + 5;
        });

        Assert.True(after.IsConverged);
        Assert.Empty(after.Failures);
    }

    [NetnsTheory]
    [InlineData(0, 4)]
    [InlineData(500, 3)]
    public async Task OwnWrites_ComeBackAsNotifications_AndCauseNoWork(int nexthopThreshold, int entriesPerPeer)
    {
        await using var fixture = new DataPathFixture(nexthopThreshold, Never);
        Lease[] peers = DataPathFixture.PeersOf(300);
        fixture.DataPath.SetPeers(peers);
        await fixture.WaitAsync(static status => status.IsConverged);

        for (int round = 0; round < 3; round++)
        {
            fixture.DataPath.ChangePeers([.. peers.Select(static peer => new LeaseChange(peer, null))]);
            await fixture.WaitAsync(static status => status.IsConverged);
            fixture.DataPath.ChangePeers([.. peers.Select(static peer => new LeaseChange(null, peer))]);
            await fixture.WaitAsync(static status => status.IsConverged);
        }

        // A change made by hand is told through the same socket, behind all of ours, and only the FDB does not say whose doing a change was.
        long needed = 7 * peers.Length * entriesPerPeer;
        ReconcilerStatus<VxlanEntryKey> first = await DamageAsync();
        Assert.InRange(first.Writes, needed + 1, needed + 1 + (7 * peers.Length));
        ReconcilerStatus<VxlanEntryKey> second = await DamageAsync();
        Assert.Equal(first.Writes + 1, second.Writes);
        Assert.Equal(first.Resyncs, second.Resyncs);

        async Task<ReconcilerStatus<VxlanEntryKey>> DamageAsync()
        {
            long writes = fixture.DataPath.Reconciliation.Writes;
            string subnet = peers[0].Subnet!.Value.ToString();
            await fixture.Host.ExecAsync("ip", "route", "del", subnet);
            await fixture.WaitAsync(status => status.IsConverged && status.Writes > writes);
            while (!(await fixture.Host.ExecAsync("ip", "route", "show", subnet)).Contains("flannel.1", StringComparison.Ordinal))
                await Task.Delay(10);
            return await fixture.WaitAsync(static status => status.IsConverged);
        }
    }

    [NetnsFact]
    public async Task UnchangedPeer_IsSetAgain_WritesNothing()
    {
        await using var fixture = new DataPathFixture(500, Never);
        Lease[] peers = DataPathFixture.PeersOf(10);
        fixture.DataPath.SetPeers(peers);
        ReconcilerStatus<VxlanEntryKey> before = await fixture.WaitAsync(static status => status.IsConverged);

        fixture.DataPath.SetPeers(peers);
        fixture.DataPath.ChangePeers([new LeaseChange(peers[0], peers[0] with { ModRevision = 99 })]);

        ReconcilerStatus<VxlanEntryKey> after = await fixture.WaitAsync(static status => status.IsConverged);
        Assert.Equal(before.Writes, after.Writes);
    }
}
