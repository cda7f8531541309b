using System.Net;
using System.Net.Sockets;
using Flannel.Backends.Vxlan.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Netlink.Route.Links;

namespace Flannel.Backends.Vxlan.Tests.Kernel;

/// <summary>The device's name or VNI is taken, or the host cannot give what is asked.</summary>
public sealed class DeviceConflictTests
{
    [NetnsTheory]
    [InlineData("type bridge", "kind bridge")]
    [InlineData("type vxlan id 77 local 192.168.100.1 dev eth0 dstport 8472", "VNI 77")]
    [InlineData("type vxlan external dstport 8472", "external control")]
    [InlineData("type vxlan id 1 group 239.1.1.1 dev eth0 dstport 8472", "239.1.1.1")]
    public async Task Name_UsedBySomethingElse_IsRefusedAndLeftAlone(string device, string named)
    {
        await using var cluster = VxlanCluster.Create(1);
        LabHost host = cluster.Lab.Hosts[0];
        await host.ExecAsync("ip", ["link", "add", "flannel.1", .. device.Split(' ')]);
        string before = await host.ExecAsync("ip", "-d", "link", "show", "flannel.1");

        var exception = await Assert.ThrowsAsync<VxlanDeviceException>(() => VxlanNode.CreateAsync(host, VxlanCluster.ConfigOf()));

        Assert.Equal("flannel.1", exception.Device);
        Assert.Contains(named, exception.Message, StringComparison.Ordinal);
        Assert.Contains("ip link del flannel.1", exception.Message, StringComparison.Ordinal);
        Assert.False(exception.IsTransient);
        Assert.Equal(before, await host.ExecAsync("ip", "-d", "link", "show", "flannel.1"));
    }

    [NetnsFact]
    public async Task Vni_UsedByAnotherDevice_IsRefusedNamingIt()
    {
        await using var cluster = VxlanCluster.Create(1);
        LabHost host = cluster.Lab.Hosts[0];
        await host.ExecAsync("ip", "link", "add", "vx-other", "type", "vxlan", "id", "1", "local", "192.168.100.1", "dev", "eth0", "dstport", "8472");

        var exception = await Assert.ThrowsAsync<VxlanDeviceException>(() => VxlanNode.CreateAsync(host, VxlanCluster.ConfigOf()));

        Assert.Contains("vx-other", exception.Message, StringComparison.Ordinal);
        Assert.NotNull(host.Netlink.FindLink("vx-other"));
    }

    [NetnsFact]
    public async Task Port_UsedByAProgram_IsRefusedWithThePortAndLeavesNoDevice()
    {
        await using var cluster = VxlanCluster.Create(1);
        LabHost host = cluster.Lab.Hosts[0];
        using Socket other = host.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        other.Bind(new IPEndPoint(IPAddress.Any, 8472));

        var exception = await Assert.ThrowsAsync<VxlanDeviceException>(() => VxlanNode.CreateAsync(host, VxlanCluster.ConfigOf()));

        Assert.Contains("the UDP port 8472 is in use by another program", exception.Message, StringComparison.Ordinal);
        Assert.Contains("ss -ulpn sport = :8472", exception.Message, StringComparison.Ordinal);
        Assert.False(exception.IsTransient);
        Assert.Null(host.Netlink.FindLink("flannel.1"));
        await using IBackendNetwork elsewhere = await VxlanNode.CreateAsync(host, VxlanCluster.ConfigOf("\"Port\":8473"));
    }

    [NetnsFact]
    public async Task Port_UsedByAnotherPluginsDevice_IsRefusedNamingIt()
    {
        await using var cluster = VxlanCluster.Create(1);
        LabHost host = cluster.Lab.Hosts[0];
        await host.ExecAsync("ip", "link", "add", "cilium_vxlan", "type", "vxlan", "external", "dstport", "8472");
        await host.ExecAsync("ip", "link", "set", "cilium_vxlan", "up");

        var exception = await Assert.ThrowsAsync<VxlanDeviceException>(() => VxlanNode.CreateAsync(host, VxlanCluster.ConfigOf()));

        Assert.Contains("8472", exception.Message, StringComparison.Ordinal);
        Assert.Contains("cilium_vxlan", exception.Message, StringComparison.Ordinal);
        Assert.Null(host.Netlink.FindLink("flannel.1"));
        Assert.NotNull(host.Netlink.FindLink("cilium_vxlan"));
    }

    [NetnsFact]
    public async Task Port_ToChangeTo_IsUsed_TheOldDeviceStays()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync(1);
        VxlanNode node = cluster.Nodes[0];
        await node.DisposeAsync();
        int before = node.Host.Device("flannel.1").Index;
        using Socket other = node.Host.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        other.Bind(new IPEndPoint(IPAddress.Any, 4789));

        var exception = await Assert.ThrowsAsync<VxlanDeviceException>(
            () => VxlanNode.CreateAsync(node.Host, VxlanCluster.ConfigOf("\"Port\":4789")));

        Assert.Contains("4789", exception.Message, StringComparison.Ordinal);
        Assert.Equal(before, node.Host.Device("flannel.1").Index);
        Assert.Equal(
            ["flannel.1"],
            node.Host.Netlink.GetLinks().Select(static link => link.Name).Where(static name => name.StartsWith("flannel", StringComparison.Ordinal)));
    }

    [NetnsFact]
    public async Task Device_OfOursButMisfit_IsRecreatedWithItsMacOnceThereIsALease()
    {
        await using var cluster = VxlanCluster.Create(1);
        LabHost host = cluster.Lab.Hosts[0];
        const string device = "flannel.1 address 02:22:22:22:22:22 type vxlan id 1 local 192.168.100.1 dev eth0 dstport 8472 l2miss";
        await host.ExecAsync("ip", ["link", "add", .. device.Split(' ')]);
        int before = host.Device("flannel.1").Index;

        await using (await VxlanNode.CreateAsync(host, VxlanCluster.ConfigOf())) Assert.Equal(before, host.Device("flannel.1").Index);
        await using VxlanNode node = await VxlanNode.StartAsync(host, 1, VxlanCluster.ConfigOf());

        Link after = host.Device("flannel.1");
        Assert.NotEqual(before, after.Index);
        Assert.False(after.Vxlan!.L2Miss);
        Assert.Equal("022222222222", after.Address!.ToString());
    }

    [NetnsFact]
    public async Task Device_ReplacedByAForeignOneWhileRunning_IsLeftAloneAndReported()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync(1);
        VxlanNode node = cluster.Nodes[0];

        await node.Host.ExecAsync("ip", "link", "del", "eth0");
        await node.WaitAsync(static status => status.Problem is not null);
        await node.Host.ExecAsync("ip", "link", "add", "flannel.1", "type", "bridge");
        await cluster.Lab.Underlay.ExecAsync("ip", "link", "add", "again", "type", "veth", "peer", "name", "eth0", "netns", node.Host.NamespaceName);
        await cluster.Lab.Underlay.ExecAsync("ip", "link", "set", "again", "master", "br0", "up");
        await node.Host.ExecAsync("ip", "addr", "add", "192.168.100.1/24", "dev", "eth0");
        await node.Host.ExecAsync("ip", "link", "set", "eth0", "up");

        await node.WaitAsync(static status => status.Problem?.Contains("kind bridge", StringComparison.Ordinal) == true);
        Assert.Equal("bridge", node.Host.Device("flannel.1").Kind);

        await node.Host.ExecAsync("ip", "link", "del", "flannel.1");
        await node.WaitForConvergenceAsync();
        Assert.Equal("vxlan", node.Host.Device("flannel.1").Kind);
    }

    [NetnsFact]
    public async Task ExternalInterface_Missing_IsATransientErrorThatNamesIt()
    {
        await using var cluster = VxlanCluster.Create(1);
        LabHost host = cluster.Lab.Hosts[0];
        ExternalInterface external = host.External with { Name = "eth9", Index = 4711 };

        var exception = await Assert.ThrowsAsync<VxlanDeviceException>(
            () => VxlanNode.CreateAsync(host, VxlanCluster.ConfigOf(), external: external));

        Assert.Contains("eth9", exception.Message, StringComparison.Ordinal);
        Assert.True(exception.IsTransient);
    }

    [NetnsFact]
    public async Task ExternalInterface_TooSmallForIPv6_IsRefusedWithTheMtuNeeded()
    {
        await using var cluster = VxlanCluster.Create(1, dualStack: true, mtu: 1340);

        var exception = await Assert.ThrowsAsync<VxlanDeviceException>(
            () => VxlanNode.CreateAsync(cluster.Lab.Hosts[0], VxlanCluster.ConfigOf(ipv4: false, ipv6: true)));

        Assert.Contains("1350", exception.Message, StringComparison.Ordinal);
    }

    [NetnsFact]
    public async Task IPv6_TurnedOffOnTheHost_IsRefusedWithTheKernelsReason()
    {
        await using var cluster = VxlanCluster.Create(1, dualStack: true);
        LabHost host = cluster.Lab.Hosts[0];
        host.Run(() => NetworkSysctl.Write("ipv6/conf/default/disable_ipv6", "1"));

        var exception = await Assert.ThrowsAsync<VxlanDeviceException>(() => VxlanNode.StartAsync(host, 1, VxlanCluster.ConfigOf(ipv6: true)));

        Assert.Equal("flannel-v6.1", exception.Device);
        Assert.Contains("EACCES", exception.Message, StringComparison.Ordinal);
    }

    [NetnsFact]
    public async Task PublicAddress_BehindNat_IsPublishedButNotUsedAsSource()
    {
        await using var cluster = VxlanCluster.Create(1);
        LabHost host = cluster.Lab.Hosts[0];
        ExternalInterface external = host.External with { PublicIP = IPAddress.Parse("203.0.113.7") };

        await using IBackendNetwork network = await VxlanNode.CreateAsync(host, VxlanCluster.ConfigOf(), external: external);

        Assert.Equal("203.0.113.7", network.Attributes.PublicIP!.ToString());
        Assert.Equal(host.Address, host.Device("flannel.1").Vxlan!.Local);
    }

    [NetnsFact]
    public async Task Vni_TooLargeForTheDeviceName_IsRefused()
    {
        await using var cluster = VxlanCluster.Create(1, dualStack: true);

        var exception = await Assert.ThrowsAsync<VxlanDeviceException>(
            () => VxlanNode.CreateAsync(cluster.Lab.Hosts[0], VxlanCluster.ConfigOf("\"VNI\":10000", ipv6: true)));

        Assert.Equal("flannel-v6.10000", exception.Device);
        Assert.Contains("9999", exception.Message, StringComparison.Ordinal);
        Assert.Null(cluster.Lab.Hosts[0].Netlink.FindLink("flannel.10000"));
    }

    [NetnsFact]
    public async Task Namespace_Missing_IsATypedError() =>
        await Assert.ThrowsAnyAsync<FlannelException>(() => VxlanNode.NewBackend().CreateNetworkAsync(
            new BackendContext
            {
                NetworkName = "test",
                Config = VxlanCluster.ConfigOf(),
                ExternalInterface = new ExternalInterface { Name = "eth0", Index = 2, Mtu = 1500, Address = IPAddress.Loopback },
                NetworkNamespace = "no-such-namespace",
            },
            CancellationToken.None));
}
