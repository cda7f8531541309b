using Flannel.Backends.Vxlan.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Backends.Vxlan.Tests.Kernel;

/// <summary>Peers on the same network need no tunnel, as long as they are there.</summary>
public sealed class DirectRoutingTests
{
    private const string DirectRouting = "\"DirectRouting\":true";

    [NetnsTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Peer_OnTheSameNetwork_GetsOnlyADirectRoute(bool ipv6)
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync(backend: DirectRouting, ipv6: ipv6);
        VxlanNode node = cluster.Nodes[0];

        Assert.Equal(["10.5.2.0/24 via 192.168.100.2 dev eth0"], await node.LinesAsync("ip", "route", "show", "10.5.2.0/24"));
        Assert.Empty(await node.LinesAsync("bridge", "fdb", "show", "dev", "flannel.1"));
        Assert.Empty(await node.LinesAsync("ip", "-4", "neigh", "show", "dev", "flannel.1"));
        ulong before = node.Host.Counters("flannel.1").SentPackets;
        Assert.True((await node.Host.PingAsync(cluster.Nodes[1].Address)).AllAnswered);
        Assert.Equal(before, node.Host.Counters("flannel.1").SentPackets);
        if (!ipv6) return;

        Assert.StartsWith(
            "fd00:5:0:2::/64 via fd00:100::2 dev eth0 metric 1024",
            Assert.Single(await node.LinesAsync("ip", "-6", "route", "show", "fd00:5:0:2::/64")),
            StringComparison.Ordinal);
        Assert.True((await node.Host.PingAsync(cluster.Nodes[1].AddressIPv6)).AllAnswered);
    }

    [NetnsFact]
    public async Task Peer_BehindARouter_IsReachedThroughTheTunnel()
    {
        await using var cluster = VxlanCluster.Create(1);
        VxlanNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0], DirectRouting);
        node.Network.SetPeers([VxlanCluster.PeerOf(72, publicIP: "172.16.0.9"), VxlanCluster.PeerOf(73, publicIP: "192.168.100.73")]);
        await node.WaitForConvergenceAsync();

        Assert.Equal(["10.5.72.0/24 via 10.5.72.0 dev flannel.1 onlink"], await node.LinesAsync("ip", "route", "show", "10.5.72.0/24"));
        Assert.Equal(["10.5.73.0/24 via 192.168.100.73 dev eth0"], await node.LinesAsync("ip", "route", "show", "10.5.73.0/24"));
    }

    [NetnsTheory]
    [InlineData(500)]
    [InlineData(0)]
    public async Task Routes_Change_EachPeerIsReachedTheOtherWay(int nexthopThreshold)
    {
        var options = new VxlanBackendOptions { NexthopThreshold = nexthopThreshold };
        await using VxlanCluster cluster = await VxlanCluster.StartAsync(backend: DirectRouting, options: options);
        LetTheGatewayForward(cluster);
        VxlanNode node = cluster.Nodes[0];
        await using ContinuousPing ping = node.Host.StartPinging(cluster.Nodes[1].Address);
        await ping.WaitForAnswersAsync(10);

        await node.Host.ExecAsync("ip", "route", "add", "192.168.100.2/32", "via", "192.168.100.254");
        await node.UntilShownAsync("dev flannel.1", "ip", "route", "show", "10.5.2.0/24");
        await node.WaitForConvergenceAsync();
        Assert.Single(await node.LinesAsync("bridge", "fdb", "show", "dev", "flannel.1"));
        await ping.WaitForAnswersAsync(10);

        await node.Host.ExecAsync("ip", "route", "del", "192.168.100.2/32");
        await node.UntilShownAsync("10.5.2.0/24 via 192.168.100.2 dev eth0", "ip", "route", "show", "10.5.2.0/24");
        await node.UntilGoneAsync("192.168.100.2", "bridge", "fdb", "show", "dev", "flannel.1");
        Assert.Empty(await node.LinesAsync("ip", "nexthop"));
        await ping.WaitForAnswersAsync(10);
    }

    [NetnsFact]
    public async Task Routes_ChangeForIPv6_EachPeerIsReachedTheOtherWay()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync(backend: DirectRouting, ipv4: false, ipv6: true);
        LetTheGatewayForward(cluster);
        VxlanNode node = cluster.Nodes[0];
        await using ContinuousPing ping = node.Host.StartPinging(cluster.Nodes[1].AddressIPv6);
        await ping.WaitForAnswersAsync(10);

        await node.Host.ExecAsync("ip", "-6", "route", "add", "fd00:100::2/128", "via", "fd00:100::ffff");
        await node.UntilShownAsync("dev flannel-v6.1", "ip", "-6", "route", "show", "fd00:5:0:2::/64");
        await ping.WaitForAnswersAsync(10);

        await node.Host.ExecAsync("ip", "-6", "route", "del", "fd00:100::2/128");
        await node.UntilShownAsync("fd00:5:0:2::/64 via fd00:100::2 dev eth0", "ip", "-6", "route", "show", "fd00:5:0:2::/64");
        await ping.WaitForAnswersAsync(10);
    }

    [NetnsFact]
    public async Task DirectRoutes_DeletedByHand_ComeBack()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync(backend: DirectRouting);
        VxlanNode node = cluster.Nodes[0];

        await node.Host.ExecAsync("ip", "route", "del", "10.5.2.0/24");

        await node.UntilShownAsync("via 192.168.100.2 dev eth0", "ip", "route", "show", "10.5.2.0/24");
    }

    [NetnsFact]
    public async Task DirectRoutes_ExternalInterfaceDownAndUp_ComeBack()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync(backend: DirectRouting);
        VxlanNode node = cluster.Nodes[0];

        await node.Host.ExecAsync("ip", "link", "set", "eth0", "down");
        await node.UntilGoneAsync("via 192.168.100.2 dev eth0", "ip", "route", "show", "10.5.2.0/24");
        await node.Host.ExecAsync("ip", "link", "set", "eth0", "up");

        await node.UntilShownAsync("via 192.168.100.2 dev eth0", "ip", "route", "show", "10.5.2.0/24");
    }

    [NetnsFact]
    public async Task DirectRouting_TurnedOff_ClearsRoutesOfTheEarlierRun()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync(backend: DirectRouting);
        VxlanNode node = cluster.Nodes[0];
        Lease gone = VxlanCluster.PeerOf(74, publicIP: "192.168.100.74");
        node.Network.ChangePeers([new LeaseChange(null, gone)]);
        await node.WaitForConvergenceAsync();
        await node.DisposeAsync();

        await using VxlanNode second = await VxlanNode.StartAsync(node.Host, 1, VxlanCluster.ConfigOf());
        second.Network.SetPeers([cluster.Nodes[1].Lease]);
        await second.WaitForConvergenceAsync();

        Assert.Equal(["10.5.2.0/24 via 10.5.2.0 dev flannel.1 onlink"], await second.LinesAsync("ip", "route", "show", "10.5.2.0/24"));
        Assert.Empty(await second.LinesAsync("ip", "route", "show", "10.5.74.0/24"));
    }

    [NetnsTheory]
    [InlineData(DirectRouting, "via 192.168.100.2 dev br0", "via fd00:100::2 dev br0")]
    [InlineData("", "via 10.5.2.0 dev flannel.1", "via fd00:5:0:2:: dev flannel-v6.1")]
    public async Task Start_OverAnotherInterface_ReplacesTheDirectRoutesOfTheEarlierRun(string backend, string expected, string expectedIPv6)
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync(backend: DirectRouting, ipv6: true);
        VxlanNode node = cluster.Nodes[0];
        await node.DisposeAsync();
        ExternalInterface bridge = await node.Host.MoveToBridgeAsync();

        await using VxlanNode second = await VxlanNode.StartAsync(node.Host, 1, VxlanCluster.ConfigOf(backend, ipv6: true), external: bridge);
        second.Network.SetPeers([cluster.Nodes[1].Lease]);
        await second.WaitAsync(static status => status is { IsConverged: true, PeerProblems.Count: 0 });

        Assert.Contains(expected, Assert.Single(await second.LinesAsync("ip", "route", "show", "10.5.2.0/24")), StringComparison.Ordinal);
        Assert.Contains(
            expectedIPv6, Assert.Single(await second.LinesAsync("ip", "-6", "route", "show", "fd00:5:0:2::/64")), StringComparison.Ordinal);
    }

    private static void LetTheGatewayForward(VxlanCluster cluster) => cluster.Lab.Underlay.Run(() =>
    {
        NetworkSysctl.Write("ipv4/ip_forward", "1");
        NetworkSysctl.Write("ipv4/conf/all/send_redirects", "0");
        NetworkSysctl.Write("ipv4/conf/br0/send_redirects", "0");
        NetworkSysctl.Write("ipv6/conf/all/forwarding", "1");
    });
}
