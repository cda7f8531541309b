using System.Net;
using System.Net.Sockets;
using Flannel.Backends.Udp.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Backends.Udp.Tests.Kernel;

/// <summary>What the host refuses is said, with what to do about it, before anything is published.</summary>
public sealed class RefusalTests
{
    [NetnsTheory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Port_InUse_IsSaidWithThePort(int pairs)
    {
        var options = new UdpBackendOptions { ThreadPairs = pairs };
        await using var cluster = UdpCluster.Create(1);
        LabHost host = cluster.Lab.Hosts[0];
        using Socket other = host.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        other.SetRawSocketOption(1, 15, BitConverter.GetBytes(1)); // SO_REUSEPORT: even one that would share is not joined
        other.Bind(new IPEndPoint(host.Address!, 8285));

        var exception = await Assert.ThrowsAsync<UdpPortException>(() => UdpNode.CreateAsync(host, UdpCluster.ConfigOf(), options));

        Assert.Equal(new IPEndPoint(host.Address!, 8285), exception.Endpoint);
        Assert.False(exception.IsTransient);
        Assert.Contains("8285", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(host.Netlink.GetLinks(), static link => link.Name.StartsWith("flannel", StringComparison.Ordinal));
        await using UdpNetwork elsewhere = await UdpNode.CreateAsync(host, UdpCluster.ConfigOf(backend: "\"Port\":8286"), options);
    }

    [NetnsFact]
    public async Task Address_ThatTheHostHasNot_IsSaid()
    {
        await using var cluster = UdpCluster.Create(1);
        LabHost host = cluster.Lab.Hosts[0];
        ExternalInterface external = host.External with { Address = IPAddress.Parse("192.168.100.77") };

        var exception = await Assert.ThrowsAsync<UdpPortException>(() => UdpNode.CreateAsync(host, UdpCluster.ConfigOf(), external: external));

        Assert.True(exception.IsTransient);
    }

    [NetnsTheory]
    [InlineData(true, false, 95, "68")]
    [InlineData(true, true, 1327, "1280")]
    public async Task Mtu_TooSmall_IsSaidWithTheSmallest(bool ipv4, bool ipv6, int mtu, string smallest)
    {
        await using var cluster = UdpCluster.Create(1, dualStack: ipv6);
        LabHost host = cluster.Lab.Hosts[0];
        host.Netlink.ChangeLink(host.Device("eth0").Index, new LinkChange { Mtu = mtu });

        var exception = await Assert.ThrowsAsync<TunDeviceException>(() => UdpNode.CreateAsync(host, UdpCluster.ConfigOf(ipv4, ipv6)));

        Assert.Contains(smallest, exception.Message, StringComparison.Ordinal);
        Assert.Contains("eth0", exception.Message, StringComparison.Ordinal);
    }

    [NetnsFact]
    public async Task Route_OfAnother_IsSaid()
    {
        await using var cluster = UdpCluster.Create(1);
        LabHost host = cluster.Lab.Hosts[0];
        var route = new RouteEntry { Destination = IPNetwork.Parse("10.5.0.0/16"), LinkIndex = host.Device("eth0").Index };
        host.Netlink.AddRoute(route);

        var exception = await Assert.ThrowsAsync<TunDeviceException>(() => cluster.AddNodeAsync(host));

        Assert.Contains("10.5.0.0/16", exception.Message, StringComparison.Ordinal);
        Assert.Single(host.Netlink.GetRoutes(AddressFamily.InterNetwork), static found => found.Destination.PrefixLength == 16);
    }

    [NetnsFact]
    public async Task Peer_OfFlannel_IsReachedByIPv4AndReportedForIPv6()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync(ipv6: true);
        UdpNode node = cluster.Nodes[0];
        Lease ours = cluster.Nodes[1].Lease;
        Lease flannels = ours with { Attributes = ours.Attributes with { BackendV6Data = null } };

        node.Network.SetPeers([flannels]);

        Assert.Null(node.Network.CheckPeer(flannels));
        Assert.Contains("IPv6", node.Network.Status.PeerProblems[ours.Key], StringComparison.Ordinal);
        Assert.True((await node.Host.PingAsync(cluster.Nodes[1].Address)).AllAnswered);
        node.Network.ChangePeers([new LeaseChange(flannels, ours)]);
        Assert.Empty(node.Network.Status.PeerProblems);
        Assert.True((await node.Host.PingAsync(cluster.Nodes[1].AddressIPv6)).AllAnswered);
    }
}
