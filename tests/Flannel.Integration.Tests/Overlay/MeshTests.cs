using System.Net;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;

namespace Flannel.Integration.Tests.Overlay;

public class MeshTests
{
    [NetnsFact]
    public async Task TwentyHosts_InOneProcess_ReachAFullMesh()
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(20);
        List<LabContainer> containers = [.. Enumerable.Range(0, 20).Select(host => cluster.AddContainer(host))];
        Assert.Equal(20, Enumerable.Range(0, 20).Select(host => cluster.Node(host).Lease.Key).Distinct().Count());
        foreach (LabContainer from in containers)
            await Task.WhenAll(containers.Where(to => to != from).Select(to => OverlayCluster.AssertPingAsync(from, to)));
    }

    [NetnsTheory]
    [InlineData(OverlayCluster.Vxlan, 1450)]
    [InlineData(OverlayCluster.VxlanIPv6Only, 1430)]
    [InlineData(OverlayCluster.VxlanDualStack, 1430)]
    [InlineData(OverlayCluster.Udp, 1472)]
    [InlineData(OverlayCluster.UdpDualStack, 1452)]
    public async Task Families_EachAndBoth_CarryPings(string config, int mtu)
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2, config);
        Assert.Equal(mtu, cluster.Node(0).Mtu);
        LabContainer a = cluster.AddContainer(0);
        LabContainer b = cluster.AddContainer(1);
        await OverlayCluster.AssertPingAsync(a, b);
        await OverlayCluster.AssertPingAsync(b, a);
        Assert.Equal(config != OverlayCluster.VxlanIPv6Only, a.Address is not null);
        Assert.Equal(config is not (OverlayCluster.Vxlan or OverlayCluster.Udp), a.AddressIPv6 is not null);
        bool isUdp = config is OverlayCluster.Udp or OverlayCluster.UdpDualStack;
        Assert.All(cluster.Node(0).Peers, peer => Assert.Equal(isUdp, peer.Statistics is { SentPackets: > 0, ReceivedPackets: > 0 }));
    }

    [NetnsTheory]
    [InlineData(OverlayCluster.Vxlan, "flannel.1", 1450)]
    [InlineData(OverlayCluster.VxlanIPv6Only, "flannel-v6.1", 1430)]
    public async Task Mtu_ExactlyItWithDontFragment_CrossesAndOneByteMoreIsRefused(string config, string device, int mtu)
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2, config);

        // The containers' own interfaces are wider than the overlay, so that the host has to say what fits.
        LabContainer a = cluster.AddContainer(0, mtu: 1500);
        LabContainer b = cluster.AddContainer(1, mtu: 1500);
        IPAddress to = (b.Address ?? b.AddressIPv6)!;
        LinkStatistics before = cluster.Hosts[0].Counters(device);

        PingReport fits = await a.PingAsync(to, new PingOptions { PacketSize = mtu, DontFragment = true });
        Assert.True(fits.AllAnswered, fits.ToString());
        Assert.True(cluster.Hosts[0].Counters(device).SentPackets > before.SentPackets);

        PingReport tooBig = await a.PingAsync(to, new PingOptions { PacketSize = mtu + 1, DontFragment = true });
        Assert.Equal(0, tooBig.Received);
        IcmpError error = Assert.Single(tooBig.Errors);
        Assert.Equal(IcmpErrorKind.PacketTooBig, error.Kind);
        Assert.Equal(mtu, error.Mtu);
    }

    [NetnsFact]
    public async Task JumboUnderlay_Mtu_FollowsIt()
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2, underlayMtu: 9000);
        Assert.Equal(8950, cluster.Node(0).Mtu);
        Assert.Equal(8950, cluster.Hosts[0].Device("flannel.1").Mtu);
        LabContainer a = cluster.AddContainer(0);
        LabContainer b = cluster.AddContainer(1);
        PingReport report = await a.PingAsync(b.Address!, new PingOptions { PacketSize = 8950, DontFragment = true });
        Assert.True(report.AllAnswered, report.ToString());
    }

    [NetnsFact]
    public async Task TwoNetworks_DifferentVniOnTheSameHosts_RunSideBySide()
    {
        await using OverlayCluster red = OverlayCluster.Create(2);
        var blueStore = new InMemoryLeaseStore("""{"Network":"10.6.0.0/16","Backend":{"Type":"vxlan","VNI":2}}""");
        await using var pair = new NamedNetworks(red.Hosts, red.Store, blueStore);
        await pair.ReadyAsync();
        foreach (string name in new[] { "red", "blue" })
        {
            LabContainer a = AddContainer(red.Hosts[0], pair.Node(0, name).Lease.Subnet!.Value);
            LabContainer b = AddContainer(red.Hosts[1], pair.Node(1, name).Lease.Subnet!.Value);
            await pair.UntilPeersAsync(name, 1);
            await OverlayCluster.AssertPingAsync(a, b);
        }

        Assert.NotEqual(pair.Node(0, "red").Lease.Key, pair.Node(0, "blue").Lease.Key);
        Assert.Equal(1, red.Hosts[0].Device("flannel.1").Vxlan!.Id);
        Assert.Equal(2, red.Hosts[0].Device("flannel.2").Vxlan!.Id);

        // Containers of both networks share the bridge, which is the gateway of both subnets.
        static LabContainer AddContainer(LabHost host, IPNetwork subnet)
        {
            LabContainer container = host.AddContainer(subnet);
            byte[] gateway = subnet.BaseAddress.GetAddressBytes();
            gateway[3]++;
            host.Netlink.ReplaceAddress(
                new InterfaceAddress { LinkIndex = host.Device("cni0").Index, Address = new IPAddress(gateway), PrefixLength = 24 });
            return container;
        }
    }

    [NetnsFact]
    public async Task Peer_LeavesWithRemove_NothingOfItStays()
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(3);
        string gone = cluster.Node(2).Lease.Subnet!.Value.ToString();
        LabHost third = cluster.Hosts[2];
        string[] linksBefore = [.. third.Netlink.GetLinks().Select(link => link.Name)];
        Assert.Contains("flannel.1", linksBefore);

        await cluster.RestartAsync(2, options => options.StopMode = StopMode.Remove);
        await cluster.StopNodeAsync(2);
        await cluster.UntilAsync(0, static status => status is { State: FlannelNodeState.Ready, IsConverged: true, Peers.Count: 1 });
        await cluster.UntilAsync(1, static status => status is { State: FlannelNodeState.Ready, IsConverged: true, Peers.Count: 1 });

        Assert.DoesNotContain("flannel.1", third.Netlink.GetLinks().Select(link => link.Name));
        string routes = await cluster.Hosts[0].ExecAsync("ip", "route");
        Assert.DoesNotContain(gone, routes, StringComparison.Ordinal);
        string fdb = await cluster.Hosts[0].ExecAsync("bridge", "fdb", "show", "dev", "flannel.1");
        Assert.DoesNotContain(third.Address!.ToString() + " ", fdb + " ", StringComparison.Ordinal);
    }
}
