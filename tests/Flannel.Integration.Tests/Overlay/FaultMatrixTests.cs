using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Xunit.Abstractions;

namespace Flannel.Integration.Tests.Overlay;

/// <summary>
/// Faults that do not depend on how a backend carries packets, for every backend they apply to: containers of two hosts, both address families, under
/// 100 pings a second. The numbers are the rows of docs/reliability.md.
/// </summary>
public sealed partial class FaultMatrixTests(ITestOutputHelper output)
{
    private const string Vxlan = "vxlan";
    private const string DirectRoutes = "vxlan, direct routes";
    private const string HostGateway = "host-gw";
    private const string Udp = "udp";

    private static readonly PingOptions HundredPerSecond = new() { Interval = TimeSpan.FromMilliseconds(10) };

    private static readonly Dictionary<string, string> Backends = new()
    {
        [Vxlan] = """{"Type":"vxlan"}""",
        [DirectRoutes] = """{"Type":"vxlan","DirectRouting":true}""",
        [HostGateway] = """{"Type":"host-gw"}""",
        [Udp] = """{"Type":"udp"}""",
    };

    private static readonly Dictionary<string, Fault> Faults = new()
    {
        ["2 the store is away, and comes back"] = new(StoreAwayAsync) { MayLose = [] },
        // The packets of udp pass the process, and are lost while there is none.
        ["3 and 14 the process is stopped, and starts while the store is away"] = new(StartWithoutStoreAsync) { MayLose = [Udp] },
        ["6 the own lease expires while the store is away"] = new(LetLeaseExpireAsync) { MayLose = [] },
        ["7 another host takes the own subnet, and gives it back"] = new(TakeSubnetAsync),
        ["8 the own lease is deleted"] = new(LoseLeaseAsync) { MayLose = [] },
        ["10 another live host has the same public address"] = new(AddTwinAsync) { MayLose = [], Ends = FlannelNodeState.Degraded },
        ["13 the process starts again"] = new(cluster => cluster.RestartAsync(0)) { MayLose = [Udp] },
        ["14 the process is stopped with removal, and starts again"] = new(RemoveAsync),
        ["15 the host boots"] = new(BootAsync),
        ["16 the devices are deleted"] = new(cluster => OnDevicesAsync(cluster, "ip link del $device")) { Without = [HostGateway] },
        ["16 the devices are set down"] = new(cluster => OnDevicesAsync(cluster, "ip link set $device down")) { Without = [HostGateway] },
        ["16 the devices lose their addresses"] = new(cluster => OnDevicesAsync(cluster, "ip addr flush dev $device")) { Without = [HostGateway] },
        ["16 the devices get another MTU"] = new(cluster => OnDevicesAsync(cluster, "ip link set $device mtu 1281")) { Without = [HostGateway] },
        ["17 the devices get another MAC"] = new(ChangeMacAsync) { Without = [HostGateway, Udp] },
        ["18 the routes are deleted"] = new(DeleteRoutesAsync),
        ["19 and 33 a foreign route takes the peer's place"] = new(PutForeignRouteAsync),
        ["20 the external interface goes down and up"] = new(
            cluster => OnExternalInterfaceAsync(cluster, "ip link set eth0 down; ip link set eth0 up")),
        ["20 the external interface loses its addresses and gets them back"] = new(
            cluster => OnExternalInterfaceAsync(cluster, "ip addr flush dev eth0")),
        ["20 the external interface is deleted and made again"] = new(MakeExternalInterfaceAnewAsync),
        ["21 the public address changes"] = new(MoveAsync),
        ["22 the packet filter is emptied"] = new(cluster => cluster.Hosts[0].ExecAsync("nft", "flush", "ruleset")) { MayLose = [] },
        // A new session closes the device of udp and opens it again.
        ["23 the configuration changes"] = new(ChangeConfigAsync) { MayLose = [Udp] },
        ["24 the configuration is spoilt, deleted and put right"] = new(SpoilConfigAsync) { MayLose = [] },
        ["25 the external interface's MTU changes"] =
            new(cluster => cluster.Hosts[0].ExecAsync("ip", "link", "set", "eth0", "mtu", "1400")) { MayLose = [] },
        ["26 to 29 the store holds what nobody may believe"] = new(PutHostileDocumentsAsync) { MayLose = [] },
        ["31 the kernel drops notifications, that of deleted routes among them"] = new(DropNotificationsAsync),
        ["36 the subnet file cannot be written"] = new(ObstructSubnetFileAsync)
        {
            MayLose = [],
            Configure = static (host, options) => options.SubnetFile = SubnetFileOf(host),
        },
        ["44 the store is restored empty"] = new(EmptyStoreAsync)
        {
            MayLose = [],
            // So that only the grace for many keeps the peer.
            Configure = static (_, options) => options.PeerGracePeriod = TimeSpan.Zero,
        },
    };

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach ((string name, Fault fault) in Faults)
            {
                foreach (string backend in Backends.Keys.Except(fault.Without)) cases.Add(name, backend);
            }

            return cases;
        }
    }

    [NetnsTheory]
    [MemberData(nameof(Cases))]
    public async Task Fault_IsSurvived(string name, string backend)
    {
        Fault fault = Faults[name];
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(
            2,
            $$"""{"Network":"10.5.0.0/16","SubnetMax":"10.5.199.0","EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{{Backends[backend]}}}""",
            configure: fault.Configure);
        LabContainer near = cluster.AddContainer(0, mtu: 1280), far = cluster.AddContainer(1, mtu: 1280);
        await OverlayCluster.AssertPingAsync(near, far);
        SubnetKey subnet = cluster.Node(0).Lease.Key;
        await using ContinuousPing ping = near.StartPinging(far.Address!, HundredPerSecond),
            pingIPv6 = far.StartPinging(near.AddressIPv6!, HundredPerSecond);
        await ping.WaitForAnswersAsync(10);
        await pingIPv6.WaitForAnswersAsync(10);

        await fault.Happen(cluster);

        await ping.WaitForAnswersAsync(50);
        await pingIPv6.WaitForAnswersAsync(50);
        await cluster.UntilAsync(
            0, status => status.State == fault.Ends && status is { IsReady: true, IsConverged: true, Peers.Count: 1, PeerProblems.Count: 0 });
        await cluster.UntilAsync(
            1, static status => status is { State: FlannelNodeState.Ready, IsConverged: true, Peers.Count: 1, PeerProblems.Count: 0 });
        PingReport report = await ping.StopAsync(), reportIPv6 = await pingIPv6.StopAsync();
        output.WriteLine(
            $"{name}, {backend}: silent for {report.LongestSilence.TotalMilliseconds:0} ms (IPv4), " +
            $"{reportIPv6.LongestSilence.TotalMilliseconds:0} ms (IPv6)");
        Assert.Equal(subnet, cluster.Node(0).Lease.Key);
        if (!fault.MayLose.Contains(backend))
            Assert.True(report.AllAnswered && reportIPv6.AllAnswered, $"IPv4: {report}, IPv6: {reportIPv6}");
    }

    /// <summary>Whether packets flow while the fault lasts, in both families.</summary>
    private static async Task AssertFlowsAsync(OverlayCluster cluster)
    {
        LabContainer near = cluster.Hosts[0].Containers[0], far = cluster.Hosts[1].Containers[0];
        PingReport report = await near.PingAsync(far.Address!, new PingOptions { Count = 10 });
        PingReport reportIPv6 = await far.PingAsync(near.AddressIPv6!, new PingOptions { Count = 10 });
        Assert.True(report.AllAnswered && reportIPv6.AllAnswered, $"IPv4: {report}, IPv6: {reportIPv6}");
    }

    private static bool IsUdp(OverlayCluster cluster) => cluster.Node(1).Status.Config!.BackendType == Udp;

    private static string RouteOf(OverlayCluster cluster) => cluster.Node(1).Lease.Subnet!.Value.ToString();

    private static string RouteIPv6Of(OverlayCluster cluster) => cluster.Node(1).Lease.SubnetIPv6!.Value.ToString();

    /// <param name="Happen">What happens to the first host.</param>
    private sealed record Fault(Func<OverlayCluster, Task> Happen)
    {
        /// <summary>The backends that it cannot happen to.</summary>
        public IReadOnlyList<string> Without { get; init; } = [];

        /// <summary>The backends that may lose packets meanwhile.</summary>
        public IReadOnlyCollection<string> MayLose { get; init; } = Backends.Keys;

        /// <summary>The state of the first host in the end.</summary>
        public FlannelNodeState Ends { get; init; } = FlannelNodeState.Ready;

        /// <summary>What both nodes are started with.</summary>
        public Action<LabHost, FlannelOptions>? Configure { get; init; }
    }
}
