using Flannel.Extensibility;
using Flannel.Integration.Tests.Overlay;
using Flannel.Lab.Backends;
using Flannel.Lab.Namespaces;

namespace Flannel.Integration.Tests.Backends;

/// <summary>A network whose external interface cannot carry packets says so, whatever the backend, and works again when it can.</summary>
public sealed class ReadinessTests
{
    private const string Vxlan = """{"Type":"vxlan"}""";
    private const string HostGateway = """{"Type":"host-gw"}""";
    private const string Udp = """{"Type":"udp"}""";

    private const string Restore = """
        ip link set eth0 up
        ip addr replace 192.168.100.1/24 dev eth0
        ip -6 addr replace fd00:100::1/64 dev eth0 nodad
        ip route replace default via 192.168.100.254
        ip -6 route replace default via fd00:100::ffff
        """;

    [NetnsTheory]
    [InlineData(Vxlan, "ip link set eth0 down", "eth0 is down")]
    [InlineData(HostGateway, "ip link set eth0 down", "eth0 is down")]
    [InlineData(Udp, "ip link set eth0 down", "eth0 is down")]
    [InlineData(Vxlan, "ip addr flush dev eth0", "lost the address 192.168.100.1")]
    [InlineData(HostGateway, "ip addr flush dev eth0", "lost the address 192.168.100.1")]
    [InlineData(Udp, "ip addr flush dev eth0", "lost the address 192.168.100.1")]
    [InlineData(Vxlan, "ip -6 addr flush dev eth0 scope global", "lost the address fd00:100::1")]
    [InlineData(HostGateway, "ip -6 addr flush dev eth0 scope global", "lost the address fd00:100::1")]
    [InlineData(Udp, "ip -6 addr flush dev eth0 scope global", "lost the address fd00:100::1")]
    [InlineData(Vxlan, "ip route del default", "its default route")]
    [InlineData(HostGateway, "ip route del default", "its default route")]
    [InlineData(Udp, "ip route del default", "its default route")]
    public async Task ExternalInterface_Damaged_IsAProblemUntilItIsMended(string backend, string damage, string expected)
    {
        await using var lab = new BackendLab(hosts: 1);
        LabHost host = lab.Hosts[0];
        IBackendNetwork network = await StartAsync(lab, backend);

        await BackendLab.Sh(host, damage);
        BackendStatus status = await network.WaitAsync(status => status.Problem?.Contains(expected, StringComparison.Ordinal) == true);
        Assert.False(status.IsConverged);

        await BackendLab.Sh(host, Restore);
        await network.WaitAsync(static status => status is { Problem: null, IsConverged: true });
    }

    [NetnsTheory]
    [InlineData(Vxlan)]
    [InlineData(HostGateway)]
    [InlineData(Udp)]
    public async Task ExternalInterface_WithoutACarrier_IsAProblemUntilItIsBack(string backend)
    {
        await using var lab = new BackendLab(hosts: 1);
        IBackendNetwork network = await StartAsync(lab, backend);

        lab.Lab.Underlay.SetConnected(lab.Hosts[0], isConnected: false);
        await network.WaitAsync(static status => status.Problem?.Contains("eth0 has no carrier", StringComparison.Ordinal) == true);

        lab.Lab.Underlay.SetConnected(lab.Hosts[0], isConnected: true);
        await network.WaitAsync(static status => status is { Problem: null, IsConverged: true });
    }

    [NetnsTheory]
    [InlineData(Vxlan)]
    [InlineData(HostGateway)]
    [InlineData(Udp)]
    public async Task DefaultRoute_OfAnInterfaceThatWasNamed_DoesNotMatter(string backend)
    {
        await using var lab = new BackendLab(hosts: 1);
        LabHost host = lab.Hosts[0];
        IBackendNetwork network = await lab.StartAsync(host, backend);
        network.SetPeers([]);
        await network.WaitAsync(static status => status.IsConverged);

        await BackendLab.Sh(host, "ip route del default; ip link set eth0 mtu 1400"); // the MTU tells that the notifications before it were handled
        await network.WaitAsync(static status => status.Mtu <= 1400);

        Assert.Null(network.Status.Problem);
    }

    [NetnsTheory]
    [InlineData(Vxlan)]
    [InlineData(HostGateway)]
    [InlineData(Udp)]
    public async Task Namespace_Deleted_IsAProblem(string backend)
    {
        await using var lab = new BackendLab(hosts: 1);
        IBackendNetwork network = await StartAsync(lab, backend);
        string name = lab.Hosts[0].NamespaceName;

        NetworkNamespace.Delete(name);

        BackendStatus status = await network.WaitAsync(static status => status.Problem is not null);
        Assert.True(status.IsUnusable);
        Assert.Contains($"'{name}' is gone", status.Problem, StringComparison.Ordinal);
        Assert.False(status.IsConverged);
    }

    [NetnsTheory]
    [InlineData(Vxlan)]
    [InlineData(HostGateway)]
    [InlineData(Udp)]
    public async Task Node_WhoseExternalInterfaceIsDown_IsNotReadyUntilItIsUp(string backend)
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2, $$"""{"Network":"10.5.0.0/16","Backend":{{backend}}}""");

        await cluster.Hosts[0].ExecAsync("ip", "link", "set", "eth0", "down");
        FlannelNodeStatus status = await cluster.UntilAsync(0, static status => status.State != FlannelNodeState.Ready);
        Assert.Contains("eth0 is down", status.Reason, StringComparison.Ordinal);

        await cluster.Hosts[0].ExecAsync("ip", "link", "set", "eth0", "up");
        await cluster.UntilAsync(0, static status => status.State == FlannelNodeState.Ready);
    }

    private static async Task<IBackendNetwork> StartAsync(BackendLab lab, string backend)
    {
        IBackendNetwork network = await lab.StartAsync(lab.Hosts[0], backend, isByDefaultRoute: true);
        network.SetPeers([]);
        await network.WaitAsync(static status => status is { Problem: null, IsConverged: true });
        return network;
    }
}
