using System.Net;
using System.Net.Sockets;
using Flannel.Backends.Udp.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;

namespace Flannel.Backends.Udp.Tests.Kernel;

/// <summary>What others break is put in order again, and said.</summary>
public sealed class HealingTests
{
    [NetnsFact]
    public async Task Device_Deleted_IsMadeAnewAndTheStatusSaysSo()
    {
        var log = new ListLogger<UdpBackend>();
        await using UdpCluster cluster = await UdpCluster.StartAsync(logger: log);
        UdpNode node = cluster.Nodes[0];
        LabContainer[] containers = cluster.AddContainers();
        await using ContinuousPing ping = containers[0].StartPinging(containers[1].Address!);
        await ping.WaitForAnswersAsync(5);

        node.Host.Netlink.DeleteLink(node.Host.Device(node.Device).Index);
        await node.EventuallyAsync(() => log.CountOf(5100) >= 1 && log.CountOf(5101) >= 1); // more than once if what is wrong was seen to change

        await ping.WaitForAnswersAsync(20);
        Assert.True(node.Network.Status is { Problem: null, IsConverged: true });
        Assert.Contains(node.Host.Netlink.GetAddresses(AddressFamily.InterNetwork), address => address.Address.Equals(node.Address));
    }

    [NetnsFact]
    public async Task Device_SetDownStrippedAndResized_IsPutInOrder()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync(ipv6: true);
        UdpNode node = cluster.Nodes[0];
        await using ContinuousPing ping = cluster.Nodes[1].Host.StartPinging(node.Address);
        await ping.WaitForAnswersAsync(5);
        int index = node.Host.Device(node.Device).Index;

        node.Host.Netlink.ChangeLink(index, new LinkChange { IsUp = false });
        await ping.WaitForAnswersAsync(5);
        node.Host.Netlink.DeleteAddress(new InterfaceAddress { LinkIndex = index, Address = node.Address, PrefixLength = 32 });
        await ping.WaitForAnswersAsync(5);
        node.Host.Netlink.DeleteRoute(new() { Destination = IPNetwork.Parse("10.5.0.0/16"), LinkIndex = index });
        await ping.WaitForAnswersAsync(5);
        node.Host.Netlink.ChangeLink(index, new LinkChange { Mtu = 1300, Name = "renamed0" });
        await node.EventuallyAsync(() => node.Host.Netlink.FindLink(index)?.Mtu == node.Network.Status.Mtu);

        Assert.Equal(index, node.Host.Device("renamed0").Index);
        await node.WaitAsync(static status => status is { Problem: null, IsConverged: true });
        Assert.True((await node.Host.PingAsync(cluster.Nodes[1].AddressIPv6, new PingOptions { Count = 3 })).AllAnswered);
    }

    /// <summary>The device's route leads to the whole network, and a route to one subnet goes before it.</summary>
    [NetnsTheory]
    [InlineData("proto static")]
    [InlineData("metric 50")]
    public async Task ForeignRoute_OnAPeersSubnet_IsLeftAloneAndReportedUntilItIsGone(string kind)
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync();
        (UdpNode node, Lease peer) = (cluster.Nodes[0], cluster.Nodes[1].Lease);
        string foreign = $"{peer.Subnet} via 192.168.100.254 dev eth0 {kind}";

        await node.Host.ExecAsync("sh", "-c", $"ip route add {foreign}");
        BackendStatus status = await node.WaitAsync(static status => status.PeerProblems.Count == 1);
        Assert.Contains($"another route to {peer.Subnet}", status.PeerProblems[peer.Key], StringComparison.Ordinal);
        Assert.Equal(foreign, (await node.Host.ExecAsync("ip", "route", "show", "exact", $"{peer.Subnet}")).Trim());

        await node.Host.ExecAsync("ip", "route", "del", $"{peer.Subnet}");
        await node.WaitAsync(static status => status is { Problem: null, IsConverged: true, PeerProblems.Count: 0 });
    }

    [NetnsTheory]
    [InlineData("10.5.2.1/24")]
    [InlineData("10.5.2.129/25")]
    public async Task Bridge_TakesAPeersSubnetOrAPartOfIt_ThePeerIsReportedUntilItIsGone(string address)
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync();
        (UdpNode node, Lease peer) = (cluster.Nodes[0], cluster.Nodes[1].Lease);

        await node.Host.ExecAsync("sh", "-e", "-c", $"ip link add docker7 type bridge; ip addr add {address} dev docker7; ip link set docker7 up");
        BackendStatus status = await node.WaitAsync(static status => status.PeerProblems.Count == 1);
        Assert.Contains("docker7", status.PeerProblems[peer.Key], StringComparison.Ordinal);

        await node.Host.ExecAsync("ip", "link", "del", "docker7");
        await node.WaitAsync(static status => status is { Problem: null, IsConverged: true, PeerProblems.Count: 0 });
    }

    [NetnsFact]
    public async Task ForeignRoute_ThereBeforeThePeer_IsReportedWithIt()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync();
        UdpNode node = cluster.Nodes[0];
        var attributes = new LeaseAttributes { PublicIP = IPAddress.Parse("192.168.100.72") };
        var peer = new Lease { Key = SubnetKey.Parse("10.5.72.0-24"), Attributes = attributes };
        await node.Host.ExecAsync("ip", "route", "add", "10.5.72.0/24", "via", "192.168.100.254", "proto", "static");

        node.Network.ChangePeers([new LeaseChange(null, peer)]);
        await node.WaitAsync(status => status.PeerProblems.ContainsKey(peer.Key));
        node.Network.ChangePeers([new LeaseChange(peer, null)]);
        await node.WaitAsync(static status => status.PeerProblems.Count == 0);
    }

    [NetnsFact]
    public async Task Route_AsHostGatewayMakesThem_GoesWheneverItAppears()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync();
        UdpNode node = cluster.Nodes[0];
        string subnet = $"{cluster.Nodes[1].Lease.Subnet}";

        await node.Host.ExecAsync("ip", "route", "add", subnet, "via", "192.168.100.254");

        await node.EventuallyAsync(async () => await node.Host.ExecAsync("ip", "route", "show", "exact", subnet) == "");
        Assert.Empty(node.Network.Status.PeerProblems);
    }

    [NetnsFact]
    public async Task ForeignRoute_InOneFamily_KeepsNoOtherFromItsRoute()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync(ipv6: true);
        UdpNode node = cluster.Nodes[0];
        const string NetworkIPv6 = "fd00:5::/48";

        await node.Host.ExecAsync("sh", "-e", "-c", $"ip route replace 10.5.0.0/16 via 192.168.100.254 proto static; ip -6 route del {NetworkIPv6}");
        BackendStatus status = await node.WaitAsync(static status => status.Problem is not null);
        Assert.Contains("route to 10.5.0.0/16", status.Problem, StringComparison.Ordinal);
        Assert.False(status.IsUnusable);
        await node.EventuallyAsync(async () => await node.Host.ExecAsync("ip", "-6", "route", "show", "exact", NetworkIPv6) != "");

        await node.Host.ExecAsync("ip", "route", "del", "10.5.0.0/16");
        await node.WaitAsync(static status => status is { Problem: null, IsConverged: true });
    }

    [NetnsFact]
    public async Task ExternalInterface_ChangesItsMtu_TheOverlayFollows()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync();
        UdpNode node = cluster.Nodes[0];

        node.Host.Netlink.ChangeLink(node.Host.Device("eth0").Index, new LinkChange { Mtu = 1400 });

        await node.WaitAsync(static status => status.Mtu == 1372);
        await node.EventuallyAsync(() => node.Host.Device(node.Device).Mtu == 1372);
        Assert.True((await node.Host.PingAsync(cluster.Nodes[1].Address, new PingOptions { PacketSize = 1372, DontFragment = true })).AllAnswered);
    }

    [NetnsFact]
    public async Task Address_TakenFromTheHostAndGivenBack_TheOverlayWorksAgain()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync();
        UdpNode node = cluster.Nodes[0];
        var address = new InterfaceAddress { LinkIndex = node.Host.Device("eth0").Index, Address = node.Host.Address!, PrefixLength = 24 };
        await using ContinuousPing ping = node.Host.StartPinging(cluster.Nodes[1].Address);
        await ping.WaitForAnswersAsync(5);

        node.Host.Netlink.DeleteAddress(address);
        await node.WaitAsync(static status => status is { Problem: not null, IsConverged: false });
        node.Host.Netlink.AddAddress(address);

        await node.WaitAsync(static status => status is { Problem: null, IsConverged: true });
        await ping.WaitForAnswersAsync(20);
    }

    [NetnsFact]
    public async Task Node_Restarted_LosesOnlyWhatWasOnTheWay()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync();
        LabContainer[] containers = cluster.AddContainers();
        await using ContinuousPing ping = containers[0].StartPinging(containers[1].Address!);
        await ping.WaitForAnswersAsync(5);

        await cluster.StopAsync(cluster.Nodes[0]);
        Assert.DoesNotContain(cluster.Lab.Hosts[0].Netlink.GetLinks(), static link => link.Name.StartsWith("flannel", StringComparison.Ordinal));
        Assert.DoesNotContain(
            cluster.Lab.Hosts[0].Netlink.GetRoutes(AddressFamily.InterNetwork), static route => route.Destination.PrefixLength == 16);
        await cluster.AddNodeAsync(cluster.Lab.Hosts[0]);
        cluster.Meet();

        await ping.WaitForAnswersAsync(20);
    }
}
