using Flannel.Extensibility;
using Flannel.Lab.Backends;
using Flannel.Lab.Namespaces;

namespace Flannel.Integration.Tests.Backends;

/// <summary>What is provably a backend's is replaced; the rest is left alone and logged once.</summary>
public sealed class LeftoverTests
{
    private const string Vxlan = """{"Type":"vxlan","VNI":2}""";
    private const string HostGateway = """{"Type":"host-gw"}""";
    private const string Udp = """{"Type":"udp"}""";

    [NetnsTheory]
    [InlineData(Vxlan)]
    [InlineData(HostGateway)]
    [InlineData(Udp)]
    public async Task Start_LeftoversOfACrash_AreRemovedAndOthersStay(string backend)
    {
        await using var lab = new BackendLab(hosts: 1);
        LabHost host = lab.Hosts[0];
        await BackendLab.Sh(host, """
            ip link add flannel.7 type vxlan id 7 dev eth0 dstport 8472
            ip addr add 10.5.1.0/32 dev flannel.7
            ip link set flannel.7 up
            ip route add 10.5.77.0/26 via 10.5.77.0 dev flannel.7 onlink
            ip tuntap add mode tun name flannel5
            ip addr add 10.5.1.0/32 dev flannel5
            ip link set flannel5 up
            ip route add 10.5.0.0/16 dev flannel5
            ip link add flannel-v6.7 type vxlan id 7 local fd00:100::1 dev eth0 dstport 8472
            ip addr add fd00:5:0:1::/128 dev flannel-v6.7 nodad
            ip link set flannel-v6.7 up
            ip -6 route add fd00:5:0:77::/64 via fd00:5:0:77:: dev flannel-v6.7 onlink
            ip route add 10.5.78.0/24 via 192.168.100.78 dev eth0
            ip link add flannel.8 type vxlan id 8 dev eth0 dstport 8472
            ip link add flannel.9 type vxlan id 9 dev eth0 dstport 8472
            ip addr add 10.6.1.0/32 dev flannel.9
            ip link add flannel.6 type bridge
            ip addr add 10.5.6.1/32 dev flannel.6
            ip link add flannel-probe type vxlan id 2 local 192.168.100.1 dev eth0 dstport 8472
            ip link add flannel-probe6 type vxlan id 2 local fd00:100::1 dev eth0 dstport 8472
            ip route add 10.5.88.0/24 via 192.168.100.254 proto static
            ip route add 10.5.89.0/24 via 192.168.100.254 proto bgp
            ip route add 10.5.90.0/25 via 192.168.100.254
            ip route add blackhole 10.5.91.0/24 proto bird
            ip route add unreachable 10.5.92.0/26 proto bird
            """);

        IBackendNetwork network = await lab.StartAsync(host, backend);
        network.SetPeers([]);
        await network.WaitAsync(static status => status.IsConverged);
        await Overlay.Eventually.IsTrueAsync(
            () => BackendLab.DevicesOf(host).Except(["flannel.2", "flannel-v6.2", "flannel0"]).SequenceEqual(["flannel.6", "flannel.8", "flannel.9"]),
            "the leftovers are removed, and they alone");
        string[] routes = [.. (await BackendLab.RoutesOfAsync(host)).Where(static route => !route.Contains("dev " +
            "flannel0", StringComparison.Ordinal))];
        Assert.Equal(
            [
                "10.5.88.0/24 via 192.168.100.254 dev eth0 proto static",
                "10.5.89.0/24 via 192.168.100.254 dev eth0 proto bgp",
                "10.5.90.0/25 via 192.168.100.254 dev eth0",
                "blackhole 10.5.91.0/24 proto bird",
                "unreachable 10.5.92.0/26 proto bird",
            ],
            routes);
        foreach (string foreign in new[] { "flannel.6", "10.5.88.0/24", "10.5.89.0/24", "10.5.90.0/25", "10.5.91.0/24", "10.5.92.0/26" })
        {
            await Overlay.Eventually.IsTrueAsync(() => Warnings(lab, foreign) > 0, $"{foreign} is reported");
            Assert.Equal(1, Warnings(lab, foreign));
        }

        string unknown = Assert.Single(lab.Log, static line => line.Contains("flannel.8", StringComparison.Ordinal));
        Assert.StartsWith("Information", unknown, StringComparison.Ordinal);
        Assert.Contains("ip link del flannel.8", unknown, StringComparison.Ordinal);
    }

    [NetnsTheory]
    [InlineData(Vxlan)]
    [InlineData(HostGateway)]
    [InlineData(Udp)]
    public async Task Start_IPv6IsSwitchedOff_RemovesTheDeviceOfTheFormerDualStackNetwork(string backend)
    {
        await using var lab = new BackendLab(hosts: 1) { IsDualStack = false };
        LabHost host = lab.Hosts[0];
        await BackendLab.Sh(host, """
            ip link add flannel-v6.2 type vxlan id 2 local fd00:100::1 dev eth0 dstport 8472
            ip addr add fd00:5:0:1::/128 dev flannel-v6.2 nodad
            ip link set flannel-v6.2 up
            ip link add flannel-v6.9 type vxlan id 9 local fd00:100::1 dev eth0 dstport 8472
            ip addr add fd00:6:0:1::/128 dev flannel-v6.9 nodad
            """);

        IBackendNetwork network = await lab.StartAsync(host, backend);
        network.SetPeers([]);
        await network.WaitAsync(static status => status.IsConverged);

        await Overlay.Eventually.IsTrueAsync(() => host.Netlink.FindLink("flannel-v6.2") is null, "the device is removed");
        Assert.NotNull(host.Netlink.FindLink("flannel-v6.9"));
    }

    [NetnsTheory]
    [InlineData(Vxlan)]
    [InlineData(HostGateway)]
    [InlineData(Udp)]
    public async Task Start_ManyRoutesOfARoutingDaemon_SomeAreNamedAndTheOthersCounted(string backend)
    {
        await using var lab = new BackendLab(hosts: 1);
        LabHost host = lab.Hosts[0];
        await BackendLab.Sh(host, "for n in $(seq 100 124); do ip route add blackhole 10.5.$n.0/24 proto bird; done");

        IBackendNetwork network = await lab.StartAsync(host, backend);
        network.SetPeers([]);
        await network.WaitAsync(static status => status.IsConverged);

        await Overlay.Eventually.IsTrueAsync(() => Warnings(lab, "5 more routes") == 1, "the others are counted");
        Assert.Equal(20, Warnings(lab, "blackhole"));
    }

    [NetnsFact]
    public async Task Start_DeviceThatAnotherProcessHasOpen_IsLeftAlone()
    {
        await using var lab = new BackendLab(hosts: 1);
        LabHost host = lab.Hosts[0];
        IBackendNetwork running = await lab.StartAsync(host, Udp);
        running.SetPeers([]);
        await running.WaitAsync(static status => status.IsConverged);

        IBackendNetwork network = await lab.StartAsync(host, Vxlan);
        network.SetPeers([]);
        await network.WaitAsync(static status => status.IsConverged);

        await Overlay.Eventually.IsTrueAsync(() => Warnings(lab, "flannel0") > 0, "the device is reported");
        Assert.True(host.Device("flannel0").IsUp);
        Assert.Contains("10.5.0.0/16 dev flannel0", await host.ExecAsync("ip", "route"), StringComparison.Ordinal);
    }

    [NetnsTheory]
    [InlineData(HostGateway)]
    [InlineData(Vxlan)]
    public async Task Peer_WithASubnetOfAnotherLength_IsReachedAndItsRouteOfAnEarlierRunReplaced(string backend)
    {
        await using var lab = new BackendLab(hosts: 1);
        LabHost host = lab.Hosts[0];
        await BackendLab.Sh(host, """
            ip route add 10.5.64.0/20 via 192.168.100.99 dev eth0
            ip route add 10.5.80.0/26 via 192.168.100.99 dev eth0
            """);
        IBackendNetwork network = await lab.StartAsync(host, backend);
        Lease wide = PeerOf(backend, "10.5.64.0-20", 64);
        Lease narrow = PeerOf(backend, "10.5.80.0-26", 80);

        network.SetPeers([wide, narrow]);
        await network.WaitAsync(static status => status is { IsConverged: true, PeerProblems.Count: 0 });
        string way = backend == HostGateway ? "via 192.168.100.64 dev eth0" : "via 10.5.64.0 dev flannel.2";
        Assert.Contains(way, await host.ExecAsync("ip", "route", "show", "10.5.64.0/20"), StringComparison.Ordinal);

        network.ChangePeers([new LeaseChange(wide, null), new LeaseChange(narrow, null)]);
        await network.WaitAsync(static status => status.IsConverged);
        Assert.Empty(await BackendLab.RoutesOfAsync(host));
    }

    [NetnsTheory]
    [InlineData(Vxlan)]
    [InlineData(HostGateway)]
    [InlineData(Udp)]
    public async Task Start_RouteToADepartedPeer_IsRemovedIfItHasALengthThatSubnetsHave(string backend)
    {
        await using var lab = new BackendLab(hosts: 1) { IsDualStack = false };
        LabHost host = lab.Hosts[0];
        await BackendLab.Sh(host, """
            ip route add 10.5.8.0/22 via 192.168.100.9 dev eth0
            ip route add 10.5.80.0/26 via 192.168.100.80 dev eth0
            ip route add 10.5.90.0/25 via 192.168.100.90 dev eth0
            """);

        IBackendNetwork network = await lab.StartAsync(host, backend, own: SubnetKey.Parse("10.5.4.0-22"));
        network.SetPeers([PeerOf(backend, "10.5.70.0-26", 70)]);
        await network.WaitAsync(static status => status is { IsConverged: true, PeerProblems.Count: 0 });

        foreach (string departed in new[] { "10.5.8.0/22", "10.5.80.0/26" })
            await Overlay.Eventually.IsTrueAsync(async () => await host.ExecAsync("ip", "route", "show", departed) == "", $"{departed} is removed");
        Assert.NotEqual("", await host.ExecAsync("ip", "route", "show", "10.5.90.0/25"));
    }

    [NetnsTheory]
    [InlineData(Vxlan)]
    [InlineData(HostGateway)]
    [InlineData(Udp)]
    public async Task Bridge_TakesAPartOfAPeersSubnet_IsLogged(string backend)
    {
        await using var lab = new BackendLab(hosts: 1) { IsDualStack = false };
        LabHost host = lab.Hosts[0];
        IBackendNetwork network = await lab.StartAsync(host, backend);
        network.SetPeers([PeerOf(backend, "10.5.7.0-24", 7)]);
        await network.WaitAsync(static status => status is { IsConverged: true, PeerProblems.Count: 0 });

        await BackendLab.Sh(host, "ip link add docker7 type bridge; ip addr add 10.5.7.129/25 dev docker7; ip link set docker7 up");

        await Overlay.Eventually.IsTrueAsync(() => Warnings(lab, "10.5.7.128/25") > 0, "the bridge's route is reported");
    }

    private static Lease PeerOf(string backend, string key, int number) => new()
    {
        Key = SubnetKey.Parse(key),
        CreateRevision = number,
        Attributes = new LeaseAttributes
        {
            PublicIP = System.Net.IPAddress.Parse($"192.168.100.{number}"),
            BackendType = backend switch
            {
                Vxlan => "vxlan",
                HostGateway => "host-gw",
                _ => null, // as flannel's udp
            },
            BackendData = backend == Vxlan ? $$"""{"VNI":2,"VtepMAC":"02:00:00:00:00:{{number:00}}"}""" : null,
        },
    };

    private static int Warnings(BackendLab lab, string about) =>
        lab.Log.Count(line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains(about, StringComparison.Ordinal));
}
