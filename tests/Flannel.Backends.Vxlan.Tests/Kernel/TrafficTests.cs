using System.Net;
using Flannel.Backends.Vxlan.Tests.Support;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Backends.Vxlan.Tests.Kernel;

/// <summary>Packets cross the tunnel.</summary>
public sealed class TrafficTests
{
    [NetnsFact]
    public async Task TwoHosts_PingEachOther_ThroughTheTunnel()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync();
        ulong before = cluster.Nodes[0].Host.Counters("flannel.1").SentPackets;

        PingReport report = await cluster.Nodes[0].Host.PingAsync(cluster.Nodes[1].Address, new PingOptions { Count = 10 });

        Assert.True(report.AllAnswered, report.ToString());
        Assert.True(cluster.Nodes[0].Host.Counters("flannel.1").SentPackets >= before + 10);
    }

    [NetnsTheory]
    [InlineData(true, 1450)]
    [InlineData(false, 1430)]
    public async Task Containers_PacketOfExactlyTheMtu_CrossesAndOneByteMoreIsRefused(bool ipv4, int mtu)
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync(ipv4: ipv4, ipv6: !ipv4);
        Assert.All(cluster.Nodes, node => Assert.Equal(mtu, node.Network.Status.Mtu));
        LabContainer[] containers = [.. cluster.Nodes.Select(node => node.Host.AddContainer(node.Lease.Subnet, node.Lease.SubnetIPv6, mtu: 1500))];
        IPAddress target = ipv4 ? containers[1].Address! : containers[1].AddressIPv6!;

        PingReport exact = await containers[0].PingAsync(target, new PingOptions { PacketSize = mtu, DontFragment = true, Count = 3 });
        PingReport more = await containers[0].PingAsync(target, new PingOptions { PacketSize = mtu + 1, DontFragment = true });

        Assert.True(exact.AllAnswered, exact.ToString());
        IcmpError error = Assert.Single(more.Errors);
        Assert.Equal((IcmpErrorKind.PacketTooBig, mtu), (error.Kind, error.Mtu));
    }

    [NetnsFact]
    public async Task TwoNetworks_WithDifferentVniOnTheSameHosts_AreSeparate()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync();
        NetworkConfig blue = NetworkConfig.Parse("""{"Network":"10.6.0.0/16","Backend":{"Type":"vxlan","VNI":2}}""", "test");
        await using VxlanNode first = await VxlanNode.StartAsync(cluster.Nodes[0].Host, 1, blue, network: 6);
        await using VxlanNode second = await VxlanNode.StartAsync(cluster.Nodes[1].Host, 2, blue, network: 6);
        first.Network.SetPeers([second.Lease]);
        second.Network.SetPeers([first.Lease]);
        await first.WaitForConvergenceAsync();
        await second.WaitForConvergenceAsync();

        Assert.True((await first.Host.PingAsync(second.Address)).AllAnswered);
        Assert.True((await first.Host.PingAsync(cluster.Nodes[1].Address)).AllAnswered);
        Assert.Contains("10.6.2.0/24 via 10.6.2.0 dev flannel.2 onlink", await first.LinesAsync("ip", "route"));
        Assert.Contains("10.5.2.0/24 via 10.5.2.0 dev flannel.1 onlink", await first.LinesAsync("ip", "route"));

        await first.Network.RemoveAsync(CancellationToken.None);
        Assert.NotNull(first.Host.Netlink.FindLink("flannel.1"));
        Assert.True((await first.Host.PingAsync(cluster.Nodes[1].Address)).AllAnswered);
    }

    [NetnsFact]
    public async Task Gbp_OnBothSides_CarriesPackets()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync(backend: "\"GBP\":true");

        Assert.True((await cluster.Nodes[0].Host.PingAsync(cluster.Nodes[1].Address)).AllAnswered);
    }
}
