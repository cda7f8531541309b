using Flannel.Backends.Vxlan.Devices;
using Flannel.Backends.Vxlan.Tests.Support;
using Flannel.Lab.Namespaces;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Backends.Vxlan.Tests.Kernel;

/// <summary>What the kernel shows with the tools that operators use: exactly what flannel leaves there.</summary>
public sealed class GoldenEntriesTests
{
    [NetnsFact]
    public async Task Network_OnePeer_GivesExactlyFlannelsEntries()
    {
        await using var cluster = VxlanCluster.Create(1);
        VxlanNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0], options: new VxlanBackendOptions { MacAddress = "c6:d2:32:6f:8f:44" });
        node.Network.SetPeers([VxlanCluster.PeerOf(72, "aa:bb:cc:dd:ee:ff", "192.168.100.4")]);
        await node.WaitForConvergenceAsync();

        string[] link = await node.LinesAsync("ip", "-d", "link", "show", "flannel.1");
        Assert.Contains("mtu 1450", link[0], StringComparison.Ordinal);
        Assert.Contains("<BROADCAST,MULTICAST,UP,LOWER_UP>", link[0], StringComparison.Ordinal);
        Assert.DoesNotContain("qlen", link[0], StringComparison.Ordinal);
        Assert.StartsWith("link/ether c6:d2:32:6f:8f:44", link[1], StringComparison.Ordinal);
        Assert.StartsWith("vxlan id 1 local 192.168.100.1 dev eth0 srcport 0 0 dstport 8472 nolearning", link[2], StringComparison.Ordinal);

        Assert.Contains("inet 10.5.1.0/32 scope global flannel.1", await node.LinesAsync("ip", "addr", "show", "flannel.1"));
        Assert.Equal(["10.5.72.0/24 via 10.5.72.0 dev flannel.1 onlink"], await node.LinesAsync("ip", "route", "show", "root", "10.5.0.0/16"));
        Assert.Equal(["10.5.72.0 lladdr aa:bb:cc:dd:ee:ff PERMANENT"], await node.LinesAsync("ip", "-4", "neigh", "show", "dev", "flannel.1"));
        Assert.Equal(["aa:bb:cc:dd:ee:ff dst 192.168.100.4 self permanent"], await node.LinesAsync("bridge", "fdb", "show", "dev", "flannel.1"));
        Assert.Equal("0", (await node.LinesAsync("cat", "/proc/sys/net/ipv6/conf/flannel.1/accept_ra"))[0]);
    }

    [NetnsFact]
    public async Task Network_DualStack_HasADevicePerFamily()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync(ipv6: true);
        VxlanNode node = cluster.Nodes[0];

        Assert.Equal(1430, node.Network.Status.Mtu);
        Assert.Equal(1450, node.Host.Device("flannel.1").Mtu);
        Assert.Equal(1430, node.Host.Device("flannel-v6.1").Mtu);
        string[] link = await node.LinesAsync("ip", "-d", "link", "show", "flannel-v6.1");
        Assert.StartsWith("vxlan id 1 local fd00:100::1 dev eth0 srcport 0 0 dstport 8472 nolearning", link[2], StringComparison.Ordinal);
        Assert.Contains(
            await node.LinesAsync("ip", "addr", "show", "flannel-v6.1"),
            static line => line.StartsWith("inet6 fd00:5:0:1::/128 scope global", StringComparison.Ordinal));

        string[] routes = await node.LinesAsync("ip", "-6", "route");
        Assert.Contains("fd00:5:0:2::/64 via fd00:5:0:2:: dev flannel-v6.1 metric 1024 onlink pref medium", routes);
        string mac = MacAddress.Format(cluster.Nodes[1].Host.Device("flannel-v6.1").Address!);
        Assert.Contains(
            $"fd00:5:0:2:: lladdr {mac} PERMANENT",
            await node.LinesAsync("ip", "-6", "neigh", "show", "dev", "flannel-v6.1", "nud", "permanent"));
        Assert.Equal([$"{mac} dst fd00:100::2 self permanent"], await node.LinesAsync("bridge", "fdb", "show", "dev", "flannel-v6.1"));

        Assert.True((await node.Host.PingAsync(cluster.Nodes[1].Address)).AllAnswered);
        Assert.True((await node.Host.PingAsync(cluster.Nodes[1].AddressIPv6)).AllAnswered);
    }

    [NetnsFact]
    public async Task Network_IPv6Only_CarriesPackets()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync(ipv4: false, ipv6: true);
        VxlanNode node = cluster.Nodes[0];

        Assert.Null(node.Host.Netlink.FindLink("flannel.1"));
        Assert.Null(node.Network.Attributes.BackendData);
        Assert.True((await node.Host.PingAsync(cluster.Nodes[1].AddressIPv6)).AllAnswered);
    }

    [NetnsFact]
    public async Task Start_IPv6_HasTheAddressInEffectWhenItReturns()
    {
        await using var cluster = VxlanCluster.Create(1, dualStack: true);
        for (int round = 0; round < 20; round++)
        {
            await using VxlanNode node = await VxlanNode.StartAsync(cluster.Lab.Hosts[0], 1, VxlanCluster.ConfigOf(ipv4: false, ipv6: true));

            Assert.Equal(RouteType.Local, node.Host.Netlink.ResolveRoute(node.AddressIPv6)?.Type);
            await node.Network.RemoveAsync(CancellationToken.None);
        }
    }
}
