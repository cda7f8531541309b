using System.Net;
using System.Net.Sockets;
using Flannel.Backends.Vxlan.Entries;
using Flannel.Backends.Vxlan.Peers;
using Flannel.Backends.Vxlan.Tests.Support;
using Flannel.Core.Leases;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Backends.Vxlan.Tests.Peers;

public sealed class VxlanPeerTableTests
{
    [Fact]
    public void Replace_OnePeer_GivesItsThreeEntries()
    {
        Lease peer = VxlanCluster.PeerOf(72, "aa:bb:cc:dd:ee:f0", "192.168.100.4");

        Dictionary<VxlanEntryKey, VxlanEntry> entries = NewTable().Replace([peer]);

        IPAddress gateway = IPAddress.Parse("10.5.72.0");
        var mac = System.Net.NetworkInformation.PhysicalAddress.Parse("AA-BB-CC-DD-EE-F0");
        Assert.Equal(3, entries.Count);
        Assert.Equal(VxlanEntry.Forwarding(IPAddress.Parse("192.168.100.4")), entries[VxlanEntryKey.Forwarding(mac)]);
        Assert.Equal(VxlanEntry.Neighbour(mac), entries[VxlanEntryKey.Neighbour(gateway)]);
        Assert.Equal(VxlanEntry.Route(gateway, VxlanEntryForm.Plain), entries[VxlanEntryKey.Route(IPNetwork.Parse("10.5.72.0/24"))]);
    }

    [Fact]
    public void Change_CountAroundThreshold_SwitchesWithAMargin()
    {
        VxlanPeerTable table = NewTable(nexthopThreshold: 10);
        Lease[] peers = [.. Enumerable.Range(1, 11).Select(static number => VxlanCluster.PeerOf(number))];
        table.Replace(peers[..10]);
        Assert.False(table.UsesNexthops);

        VxlanEntryChanges up = table.Change([new LeaseChange(null, peers[10])]);
        Assert.True(table.UsesNexthops);
        Assert.Equal(11, up.Upserts.Count(static pair => pair.Key.Kind == VxlanEntryKind.Nexthop));
        Assert.Equal(11, up.Upserts.Count(static pair => pair.Value.Form == VxlanEntryForm.ThroughNexthop));
        Assert.Empty(up.Removals);

        table.Change([new LeaseChange(peers[10], null), new LeaseChange(peers[9], null)]);
        Assert.True(table.UsesNexthops);

        VxlanEntryChanges down = table.Change([new LeaseChange(peers[8], null)]);
        Assert.False(table.UsesNexthops);
        Assert.Equal(9, down.Removals.Count(static key => key.Kind == VxlanEntryKind.Nexthop));
        Assert.Equal(8, down.Upserts.Count(static pair => pair.Value.Form == VxlanEntryForm.Plain && pair.Key.Kind == VxlanEntryKind.Route));
    }

    [Fact]
    public void ReviewDirectRouting_ReachabilityChanges_SwapsTheEntriesOfThosePeers()
    {
        var direct = new HashSet<IPAddress>();
        var table = new VxlanPeerTable(AddressFamily.InterNetwork, 1, 500, direct.Contains);
        table.Replace([VxlanCluster.PeerOf(72, publicIP: "192.168.100.72"), VxlanCluster.PeerOf(73)]);
        Assert.Null(table.ReviewDirectRouting());

        direct.Add(IPAddress.Parse("192.168.100.72"));
        VxlanEntryChanges? changes = table.ReviewDirectRouting();

        Assert.Equal([VxlanEntryKind.Forwarding, VxlanEntryKind.Neighbour], changes!.Removals.Select(static key => key.Kind).Order());
        Assert.Equal(VxlanEntry.Route(IPAddress.Parse("192.168.100.72"), VxlanEntryForm.Direct), Assert.Single(changes.Upserts).Value);
    }

    [Fact]
    public void DescribeProblems_UnusablePeersAndFailures_AreTheirPeers()
    {
        VxlanPeerTable table = NewTable();
        Lease good = VxlanCluster.PeerOf(72);
        Lease bad = VxlanCluster.PeerOf(73);
        bad = bad with { Attributes = bad.Attributes with { BackendData = "{}" } };
        table.Replace([good, bad]);

        var problems = table.DescribeProblems(new Dictionary<VxlanEntryKey, Exception>
        {
            [VxlanEntryKey.Route(good.Subnet!.Value)] = new InvalidOperationException("no way"),
            [VxlanEntryKey.Route(IPNetwork.Parse("10.5.99.0/24"))] = new InvalidOperationException("of a peer that left"),
        });

        Assert.Equal("route 10.5.72.0/24: no way", problems[good.Key]);
        Assert.Contains("no MAC", problems[bad.Key], StringComparison.Ordinal);
        Assert.Equal(2, problems.Count);
    }

    /// <summary>Whatever happens, changes lead to the same entries as starting with what there is in the end.</summary>
    [Fact]
    public void Change_AnyHistory_EqualsReplaceWithTheResult()
    {
        // A few subnets, MACs and hosts, so that they collide often; a threshold in the middle of what there is.
        Gen<(int Number, int Mac, int Host, bool IsRemoval)> step =
            from number in Gen.Choose(1, 8)
            from mac in Gen.Choose(1, 6)
            from host in Gen.Choose(1, 4)
            from removal in Gen.Choose(0, 3)
            select (number, mac, host, removal == 0);
        Arbitrary<(int Number, int Mac, int Host, bool IsRemoval)[][]> histories = Arb.From(Gen.ArrayOf(Gen.ArrayOf(step)));

        Prop.ForAll(histories, history =>
        {
            var direct = new HashSet<IPAddress> { IPAddress.Parse("192.168.100.1") };
            VxlanPeerTable table = new(AddressFamily.InterNetwork, 1, 5, direct.Contains);
            var entries = table.Replace([]);
            var leases = new Dictionary<int, Lease>();
            foreach (var batch in history)
            {
                var changes = new Dictionary<int, LeaseChange>();
                foreach (var (number, mac, host, isRemoval) in batch)
                {
                    leases.TryGetValue(number, out Lease? before);
                    Lease? after = isRemoval ? null : VxlanCluster.PeerOf(number, $"02:00:00:00:00:{mac:x2}", $"192.168.100.{host}");
                    if (before is null && after is null) continue;
                    changes[number] = new LeaseChange(changes.TryGetValue(number, out LeaseChange first) ? first.Before : before, after);
                    if (after is null) leases.Remove(number);
                    else leases[number] = after;
                }

                Apply(entries, table.Change([.. changes.Values]));
                direct.SymmetricExceptWith([IPAddress.Parse("192.168.100.2")]);
                if (table.ReviewDirectRouting() is { } reviewed) Apply(entries, reviewed);
            }

            VxlanPeerTable fresh = new(AddressFamily.InterNetwork, 1, table.UsesNexthops ? 0 : 5, direct.Contains);
            var expected = fresh.Replace([.. leases.Values]);
            return entries.Count == expected.Count
                && entries.All(pair => expected.TryGetValue(pair.Key, out VxlanEntry entry) && entry == pair.Value);
        }).QuickCheckThrowOnFailure();
    }

    private static void Apply(Dictionary<VxlanEntryKey, VxlanEntry> entries, VxlanEntryChanges changes)
    {
        foreach (VxlanEntryKey key in changes.Removals) Assert.True(entries.Remove(key));
        foreach ((VxlanEntryKey key, VxlanEntry entry) in changes.Upserts) entries[key] = entry;
    }

    private static VxlanPeerTable NewTable(int nexthopThreshold = 500) => new(AddressFamily.InterNetwork, 1, nexthopThreshold, null);
}
