using System.Net.NetworkInformation;
using Flannel.Backends.Vxlan.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Flannel.Netlink.Route.Links;

namespace Flannel.Backends.Vxlan.Tests.Kernel;

/// <summary>What a restart keeps, and what it clears away.</summary>
public sealed class RestartTests
{
    [NetnsFact]
    public async Task Restart_UnderPing_KeepsDeviceAndLosesNoPacket()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync();
        VxlanNode first = cluster.Nodes[0];
        VxlanNode peer = cluster.Nodes[1];
        Link before = first.Host.Device("flannel.1");
        await using ContinuousPing ping = first.Host.StartPinging(peer.Address);
        await ping.WaitForAnswersAsync(20);

        await first.DisposeAsync();
        await ping.WaitForAnswersAsync(20);
        await using VxlanNode second = await VxlanNode.StartAsync(first.Host, 1, VxlanCluster.ConfigOf());
        second.Network.SetPeers([peer.Lease]);
        await second.WaitForConvergenceAsync();
        await ping.WaitForAnswersAsync(50);

        PingReport report = await ping.StopAsync();
        Link after = first.Host.Device("flannel.1");
        Assert.True(report.AllAnswered, report.ToString());
        Assert.Equal((before.Index, before.Address), (after.Index, after.Address));
        Assert.Equal(first.Network.Attributes, second.Network.Attributes);
    }

    [NetnsFact]
    public async Task Start_PeersLeftMeanwhile_RemovesTheirEntriesAtFirstSnapshot()
    {
        await using var cluster = VxlanCluster.Create(1);
        VxlanNode first = await cluster.AddNodeAsync(cluster.Lab.Hosts[0]);
        first.Network.SetPeers([VxlanCluster.PeerOf(72), VxlanCluster.PeerOf(73)]);
        await first.WaitForConvergenceAsync();
        await first.DisposeAsync();

        await using VxlanNode second = await VxlanNode.StartAsync(first.Host, 1, VxlanCluster.ConfigOf());
        Assert.Equal(2, (await second.LinesAsync("ip", "route", "show", "dev", "flannel.1")).Length);

        second.Network.SetPeers([VxlanCluster.PeerOf(73)]);
        await second.WaitForConvergenceAsync();

        Assert.Equal(["10.5.73.0/24 via 10.5.73.0 onlink"], await second.LinesAsync("ip", "route", "show", "dev", "flannel.1"));
        Assert.Equal(["10.5.73.0 lladdr 02:00:00:00:00:49 PERMANENT"], await second.LinesAsync("ip", "-4", "neigh", "show", "dev", "flannel.1"));
        Assert.Equal(["02:00:00:00:00:49 dst 192.168.101.73 self permanent"], await second.LinesAsync("bridge", "fdb", "show", "dev", "flannel.1"));
    }

    [NetnsFact]
    public async Task Start_ForeignStateBesideOurs_IsKept()
    {
        await using var cluster = VxlanCluster.Create(1);
        LabHost host = cluster.Lab.Hosts[0];
        VxlanNode first = await cluster.AddNodeAsync(host);
        await host.ExecAsync("ip", "addr", "add", "172.30.0.1/32", "dev", "flannel.1");
        await host.ExecAsync("ip", "addr", "add", "10.5.200.1/32", "dev", "flannel.1");
        await host.ExecAsync("ip", "route", "add", "172.31.0.0/24", "dev", "flannel.1");
        await host.ExecAsync("ip", "route", "add", "10.5.88.0/24", "via", "192.168.100.254", "proto", "static");
        await host.ExecAsync("ip", "neigh", "add", "172.31.0.9", "lladdr", "02:11:11:11:11:11", "dev", "flannel.1", "nud", "permanent");

        first.Network.SetPeers([VxlanCluster.PeerOf(72)]);
        await first.WaitForConvergenceAsync();

        string addresses = await host.ExecAsync("ip", "addr", "show", "flannel.1");
        Assert.Contains("172.30.0.1/32", addresses, StringComparison.Ordinal);
        Assert.DoesNotContain("10.5.200.1", addresses, StringComparison.Ordinal);
        string routes = await host.ExecAsync("ip", "route");
        Assert.Contains("172.31.0.0/24 dev flannel.1", routes, StringComparison.Ordinal);
        Assert.Contains("10.5.88.0/24 via 192.168.100.254", routes, StringComparison.Ordinal);
        // The kernel has one neighbour table for all namespaces: what others do meanwhile may hide an entry from a list.
        await first.EventuallyAsync(
            async () => (await host.ExecAsync("ip", "neigh", "show", "dev", "flannel.1")).Contains("172.31.0.9", StringComparison.Ordinal));
    }

    [NetnsTheory]
    [InlineData(500)]
    [InlineData(0)]
    public async Task Start_WithAnotherRange_ClearsTheFormerOneFromItsDevices(int nexthopThreshold)
    {
        await using var cluster = VxlanCluster.Create(1, dualStack: true);
        LabHost host = cluster.Lab.Hosts[0];
        var options = new VxlanBackendOptions { NexthopThreshold = nexthopThreshold };
        VxlanNode first = await cluster.AddNodeAsync(host, ipv6: true, options: options);
        first.Network.SetPeers([VxlanCluster.PeerOf(72), VxlanCluster.PeerOf(73)]);
        await first.WaitForConvergenceAsync();
        await first.DisposeAsync();
        await host.ExecAsync("sh", "-e", "-c", """
            ip -6 neigh add fd00:5:0:72:: lladdr 02:00:00:00:00:72 dev flannel-v6.1 nud permanent
            ip -6 route add fd00:5:0:72::/64 via fd00:5:0:72:: dev flannel-v6.1 onlink
            ip addr add 172.30.0.1/32 dev flannel.1
            ip route add 172.31.0.0/24 dev flannel.1
            ip route add 172.31.1.0/24 via 172.31.1.0 dev flannel.1 onlink proto static
            """);
        Link before = host.Device("flannel.1");
        NetworkConfig other = NetworkConfig.Parse(
            """{"EnableIPv6":true,"Network":"10.6.0.0/16","IPv6Network":"fd00:6::/48","IPv6SubnetLen":64,"Backend":{"Type":"vxlan"}}""", "test");

        await using VxlanNode second = await VxlanNode.StartAsync(host, 1, other, options, network: 6);
        second.Network.SetPeers([]);
        await second.WaitForConvergenceAsync();

        await second.UntilGoneAsync("10.5.", "ip", "addr", "show", "dev", "flannel.1");
        await second.UntilGoneAsync("fd00:5:", "ip", "-6", "addr", "show", "dev", "flannel-v6.1");
        string shown = await host.ExecAsync("ip", "route") + await host.ExecAsync("ip", "-6", "route") + await host.ExecAsync("ip", "nexthop");
        Assert.DoesNotContain("10.5.", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("fd00:5:", shown, StringComparison.Ordinal);
        Assert.Empty(await second.LinesAsync("ip", "neigh", "show", "dev", "flannel.1", "nud", "permanent"));
        Assert.Empty(await second.LinesAsync("ip", "-6", "neigh", "show", "dev", "flannel-v6.1", "nud", "permanent"));
        Assert.Contains("172.31.0.0/24 dev flannel.1", shown, StringComparison.Ordinal);
        Assert.Contains("172.31.1.0/24 via 172.31.1.0 dev flannel.1 proto static", shown, StringComparison.Ordinal);
        string addresses = await host.ExecAsync("ip", "addr");
        string[] kept = ["172.30.0.1/32", "10.6.1.0/32", "fd00:6:0:1::/128"];
        Assert.All(kept, address => Assert.Contains(address, addresses, StringComparison.Ordinal));
        Assert.Equal((before.Index, before.Address), (host.Device("flannel.1").Index, host.Device("flannel.1").Address));
    }

    [NetnsTheory]
    [InlineData("local HERE dev eth0 dstport 8472 nolearning", false)]
    [InlineData("local HERE dev eth0 dstport 8472 nolearning", true)]
    [InlineData("dev eth0 dstport 8472 nolearning", false)]
    [InlineData("dev eth0 dstport 8472 nolearning", true)]
    [InlineData("local HERE dstport 8472 nolearning", false)]
    [InlineData("local HERE dstport 8472 nolearning", true)]
    [InlineData("dstport 8472", false)]
    [InlineData("dstport 8472", true)]
    [InlineData("local HERE dev eth0 dstport 4789 nolearning", false)]
    [InlineData("local HERE dev eth0 dstport 4789 nolearning", true)]
    [InlineData("local HERE dev other0 dstport 8472 nolearning", false)]
    [InlineData("local HERE dev other0 dstport 8472 nolearning", true)]
    public async Task Start_DeviceOfOursHalfMade_IsCompletedOrReplaced(string made, bool ipv6)
    {
        await using var cluster = VxlanCluster.Create(2, dualStack: true);
        LabHost host = cluster.Lab.Hosts[0];
        string device = ipv6 ? "flannel-v6.1" : "flannel.1";
        made = made.Replace("HERE", (ipv6 ? host.AddressIPv6 : host.Address)!.ToString(), StringComparison.Ordinal);
        await host.ExecAsync("sh", "-e", "-c", $"""
            ip link add other0 type bridge
            ip link set other0 up
            ip link add {device} mtu 1290 type vxlan id 1 {made}
            """);

        foreach (LabHost each in cluster.Lab.Hosts) await cluster.AddNodeAsync(each, ipv4: !ipv6, ipv6: ipv6);
        await cluster.MeetAsync();

        Link after = host.Device(device);
        Assert.Equal((8472, ipv6 ? 1430 : 1450, true, false), (after.Vxlan!.Port, after.Mtu, after.IsUp, after.Vxlan.Learning));
        Assert.Equal(ipv6 ? host.AddressIPv6 : host.Address, after.Vxlan.Local);
        await using ContinuousPing ping = host.StartPinging(ipv6 ? cluster.Nodes[1].AddressIPv6 : cluster.Nodes[1].Address);
        await ping.WaitForAnswersAsync(3);
    }

    [NetnsFact]
    public async Task Start_DeviceGoneAfterReboot_GetsTheMacPublishedBefore()
    {
        await using var cluster = VxlanCluster.Create(1);
        VxlanNode first = await cluster.AddNodeAsync(cluster.Lab.Hosts[0], ipv6: false);
        PhysicalAddress? before = first.Host.Device("flannel.1").Address;
        await first.Network.RemoveAsync(CancellationToken.None);
        await first.DisposeAsync();
        Assert.Null(first.Host.Netlink.FindLink("flannel.1"));

        await using IBackendNetwork second = await VxlanNode.CreateAsync(first.Host, VxlanCluster.ConfigOf(), previous: first.Lease.Attributes);

        Assert.Equal(before, first.Host.Device("flannel.1").Address);
        Assert.Equal(first.Lease.Attributes, second.Attributes);
    }

    [NetnsFact]
    public async Task Create_ExistingDevice_IsNotTouchedBeforeTheLease()
    {
        await using var cluster = VxlanCluster.Create(1);
        LabHost host = cluster.Lab.Hosts[0];
        const string device = "flannel.1 address 02:22:22:22:22:22 type vxlan id 1 local 192.168.100.1 dev eth0 dstport 8472 nolearning";
        await host.ExecAsync("ip", ["link", "add", .. device.Split(' ')]);
        Link before = host.Device("flannel.1");

        await using IBackendNetwork network = await VxlanNode.CreateAsync(host, VxlanCluster.ConfigOf());

        Link after = host.Device("flannel.1");
        Assert.Equal(before.Index, after.Index);
        Assert.False(after.IsUp);
        Assert.Equal("""{"VNI":1,"VtepMAC":"02:22:22:22:22:22"}""", network.Attributes.BackendData);
    }

    [NetnsTheory]
    [InlineData("\"MTU\":1400", "mtu 1350", true)]
    [InlineData("\"Learning\":true", "mtu 1450", true)]
    [InlineData("\"Learning\":true,\"MTU\":1400", "mtu 1350", true)]
    [InlineData("\"GBP\":true", "gbp", false)]
    [InlineData("\"Port\":4789", "dstport 4789", false)]
    public async Task Restart_OtherConfig_ChangesInPlaceWhatTheKernelCan(string backend, string shown, bool isSameDevice)
    {
        await using var cluster = VxlanCluster.Create(1);
        VxlanNode first = await cluster.AddNodeAsync(cluster.Lab.Hosts[0]);
        Link before = first.Host.Device("flannel.1");
        await first.DisposeAsync();

        await using VxlanNode second = await VxlanNode.StartAsync(first.Host, 1, VxlanCluster.ConfigOf(backend));

        Link after = first.Host.Device("flannel.1");
        Assert.Contains(shown, await first.Host.ExecAsync("ip", "-d", "link", "show", "flannel.1"), StringComparison.Ordinal);
        Assert.Equal(isSameDevice, before.Index == after.Index);
        Assert.Equal(before.Address, after.Address);
        Assert.Equal(backend.Contains("Learning", StringComparison.Ordinal), after.Vxlan!.Learning);
    }

    [NetnsFact]
    public async Task Remove_AllKindsOfEntries_LeavesNothing()
    {
        await using var cluster = VxlanCluster.Create(1, dualStack: true);
        LabHost host = cluster.Lab.Hosts[0];
        string before = await ShowAsync();
        var options = new VxlanBackendOptions { NexthopThreshold = 1 };
        VxlanNode node = await cluster.AddNodeAsync(host, "\"DirectRouting\":true", ipv6: true, options: options);
        node.Network.SetPeers([VxlanCluster.PeerOf(72), VxlanCluster.PeerOf(73), VxlanCluster.PeerOf(74, publicIP: "192.168.100.74")]);
        await node.WaitForConvergenceAsync();
        Assert.Contains("10.5.74.0/24 via 192.168.100.74 dev eth0", await ShowAsync(), StringComparison.Ordinal);
        Assert.Contains("nhid", await ShowAsync(), StringComparison.Ordinal);

        await node.Network.RemoveAsync(CancellationToken.None);

        Assert.Equal(before, await ShowAsync());

        async Task<string> ShowAsync() =>
            await host.ExecAsync("ip", "route") + await host.ExecAsync("ip", "-6", "route") + await host.ExecAsync("ip", "nexthop") +
            string.Join('\n', host.Netlink.GetLinks().Select(static link => link.Name));
    }
}
