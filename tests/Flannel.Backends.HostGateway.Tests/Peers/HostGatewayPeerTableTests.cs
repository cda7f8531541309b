using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Flannel.Backends.HostGateway.Peers;
using Flannel.Backends.HostGateway.Tests.Support;
using Flannel.Core.Leases;

namespace Flannel.Backends.HostGateway.Tests.Peers;

public sealed class HostGatewayPeerTableTests
{
    private static readonly ImmutableDictionary<IPNetwork, Exception> NoFailures = ImmutableDictionary<IPNetwork, Exception>.Empty;

    private readonly HashSet<string> _far = [];
    private readonly HostGatewayPeerTable _table;

    public HostGatewayPeerTableTests() =>
        _table = new HostGatewayPeerTable(AddressFamily.InterNetwork, host => _far.Contains(host.ToString()) ? $"{host} is far" : null);

    [Fact]
    public void Replace_SomeFarOrUnusable_RoutesTheOthersAndSaysWhy()
    {
        _far.Add("192.168.100.3");
        Lease unusable = HostGatewayCluster.PeerOf(4);
        unusable = unusable with { Attributes = unusable.Attributes with { PublicIP = null } };

        Dictionary<IPNetwork, IPAddress> routes = _table.Replace(
            [HostGatewayCluster.PeerOf(2), HostGatewayCluster.PeerOf(3), unusable, HostGatewayCluster.PeerOf(5, ipv4: false, ipv6: true)]);

        Assert.Equal((IPNetwork.Parse("10.5.2.0/24"), IPAddress.Parse("192.168.100.2")), Single(routes));
        ImmutableDictionary<Core.Addressing.SubnetKey, string> problems = _table.DescribeProblems(NoFailures);
        Assert.Equal(2, problems.Count);
        Assert.Equal("PublicIP is missing", problems[unusable.Key]);
        Assert.Equal("192.168.100.3 is far", problems[Key(3)]);
    }

    [Fact]
    public void Change_SamePeerTwiceInOneBatch_LastOneCounts()
    {
        Lease peer = HostGatewayCluster.PeerOf(2);
        Lease moved = HostGatewayCluster.PeerOf(2, "192.168.100.9");
        _table.Replace([]);

        HostGatewayRouteChanges come = _table.Change([new LeaseChange(null, peer), new LeaseChange(peer, moved)]);
        Assert.Equal((peer.Subnet!.Value, IPAddress.Parse("192.168.100.9")), Single(come.Upserts));
        Assert.Empty(come.Removals);

        HostGatewayRouteChanges go = _table.Change([new LeaseChange(moved, peer), new LeaseChange(peer, null)]);
        Assert.Empty(go.Upserts);
        Assert.Equal(peer.Subnet!.Value, Assert.Single(go.Removals));
    }

    [Fact]
    public void Change_PeerMovesToAFarHost_RouteGoes()
    {
        _far.Add("192.168.100.9");
        Lease peer = HostGatewayCluster.PeerOf(2);
        _table.Replace([peer]);

        HostGatewayRouteChanges changes = _table.Change([new LeaseChange(peer, HostGatewayCluster.PeerOf(2, "192.168.100.9"))]);

        Assert.Empty(changes.Upserts);
        Assert.Equal(peer.Subnet!.Value, Assert.Single(changes.Removals));
        Assert.Equal("192.168.100.9 is far", _table.DescribeProblems(NoFailures)[peer.Key]);
    }

    [Fact]
    public void Review_HostsComeAndGo_ChangesTheirRoutesOnly()
    {
        _far.Add("192.168.100.3");
        _table.Replace([HostGatewayCluster.PeerOf(2), HostGatewayCluster.PeerOf(3), HostGatewayCluster.PeerOf(4)]);
        Assert.Null(_table.Review());

        _far.Remove("192.168.100.3");
        _far.Add("192.168.100.4");
        HostGatewayRouteChanges? changes = _table.Review();

        Assert.Equal((IPNetwork.Parse("10.5.3.0/24"), IPAddress.Parse("192.168.100.3")), Single(changes!.Upserts));
        Assert.Equal(IPNetwork.Parse("10.5.4.0/24"), Assert.Single(changes.Removals));
        Assert.Null(_table.Review());
    }

    [Fact]
    public void DescribeProblems_RouteCouldNotBeWritten_NamesItsPeer()
    {
        _table.Replace([HostGatewayCluster.PeerOf(2), HostGatewayCluster.PeerOf(3)]);
        var failures = new Dictionary<IPNetwork, Exception> { [IPNetwork.Parse("10.5.3.0/24")] = new InvalidOperationException("no") };

        Assert.Equal(KeyValuePair.Create(Key(3), "no"), Assert.Single(_table.DescribeProblems(failures)));
    }

    private static Core.Addressing.SubnetKey Key(int number) => HostGatewayCluster.KeyOf(number);

    private static (IPNetwork Subnet, IPAddress Gateway) Single(IReadOnlyDictionary<IPNetwork, IPAddress> routes)
    {
        (IPNetwork subnet, IPAddress gateway) = Assert.Single(routes);
        return (subnet, gateway);
    }
}
