using System.Net;
using Flannel.Backends.HostGateway.Tests.Support;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Backends.HostGateway.Tests.Kernel;

/// <summary>What the kernel shows with the tools that operators use: exactly what flannel leaves there.</summary>
public sealed class GoldenRoutesTests
{
    [NetnsFact]
    public async Task Network_OnePeer_GivesExactlyFlannelsRouteAndNoDevice()
    {
        await using var cluster = HostGatewayCluster.Create();
        string[] linksBefore = [.. cluster.Lab.Hosts[0].Netlink.GetLinks().Select(static link => link.Name)];
        HostGatewayNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0]);
        node.Network.SetPeers([HostGatewayCluster.PeerOf(72)]);
        await node.WaitForConvergenceAsync();

        Assert.Equal(["10.5.72.0/24 via 192.168.100.72 dev eth0"], await node.RoutesAsync());
        string details = Assert.Single(await node.LinesAsync("ip", "-d", "route", "show", "10.5.72.0/24"));
        Assert.Contains("proto boot scope global", details, StringComparison.Ordinal);
        Assert.Equal(linksBefore, node.Host.Netlink.GetLinks().Select(static link => link.Name));
        Assert.Equal(1500, node.Network.Status.Mtu);
        Assert.Equal("""{"PublicIP":"192.168.100.1","PublicIPv6":null,"BackendType":"host-gw"}""", node.Network.Attributes.ToJson());
    }

    [NetnsFact]
    public async Task Network_DualStack_HasARoutePerFamilyAndPublishesBothAddresses()
    {
        await using HostGatewayCluster cluster = await HostGatewayCluster.StartAsync(ipv6: true);
        HostGatewayNode node = cluster.Nodes[0];

        Assert.Equal(
            ["10.5.2.0/24 via 192.168.100.2 dev eth0", "fd00:5:0:2::/64 via fd00:100::2 dev eth0 metric 1024 pref medium"], await node.RoutesAsync());
        Assert.Equal("""{"PublicIP":"192.168.100.1","PublicIPv6":"fd00:100::1","BackendType":"host-gw"}""", node.Network.Attributes.ToJson());
    }

    [NetnsTheory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Containers_OfTwoHosts_PingEachOtherWithTheWholeMtu(bool ipv4, bool ipv6)
    {
        await using HostGatewayCluster cluster = await HostGatewayCluster.StartAsync(ipv4: ipv4, ipv6: ipv6);
        LabContainer[] containers = [.. cluster.Nodes.Select(node => node.Host.AddContainer(node.Lease.Subnet, node.Lease.SubnetIPv6, mtu: 1500))];
        foreach (IPAddress target in new[] { containers[1].Address, containers[1].AddressIPv6 }.OfType<IPAddress>())
        {
            PingReport report = await containers[0].PingAsync(target, new PingOptions { PacketSize = 1500, DontFragment = true, Count = 3 });
            Assert.True(report.AllAnswered, report.ToString());
        }
    }

    [NetnsFact]
    public async Task Network_OnlyIPv6_NeedsNoIPv4()
    {
        await using var cluster = HostGatewayCluster.Create(dualStack: true);
        HostGatewayNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0], ipv4: false, ipv6: true);
        node.Network.SetPeers([HostGatewayCluster.PeerOf(72, ipv4: false, ipv6: true)]);
        await node.WaitForConvergenceAsync();

        Assert.Equal(["fd00:5:0:48::/64 via fd00:100::48 dev eth0 metric 1024 pref medium"], await node.RoutesAsync());
        Assert.Null(node.Network.Attributes.PublicIP);
    }
}
