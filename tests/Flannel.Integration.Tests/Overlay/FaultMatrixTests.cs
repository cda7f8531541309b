using System.Net;
using System.Text;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Flannel.Testing;
using Xunit.Abstractions;

namespace Flannel.Integration.Tests.Overlay;

/// <summary>
/// Faults that do not depend on how a backend carries packets, for every backend they apply to: containers of two hosts, both address families, under
/// 100 pings a second. The numbers are the rows of docs/reliability.md.
/// </summary>
public sealed class FaultMatrixTests(ITestOutputHelper output)
{
    private const string HostGateway = "host-gw";
    private const string Udp = "udp";
    private const string DefaultRoutes = "ip route replace default via 192.168.100.254; ip -6 route replace default via fd00:100::ffff";

    private static readonly PingOptions HundredPerSecond = new() { Interval = TimeSpan.FromMilliseconds(10), Timeout = TimeSpan.FromSeconds(1) };

    private static readonly Dictionary<string, string> Backends = new()
    {
        ["vxlan"] = """{"Type":"vxlan"}""",
        ["vxlan, direct routes"] = """{"Type":"vxlan","DirectRouting":true}""",
        [HostGateway] = """{"Type":"host-gw"}""",
        [Udp] = """{"Type":"udp"}""",
    };

    /// <summary>What happens to the first host, and whether no packet may be lost meanwhile.</summary>
    private static readonly Dictionary<string, (Func<OverlayCluster, Task> Happen, bool LosesNothing)> Faults = new()
    {
        ["2 the store is away, and comes back"] = (StoreAwayAsync, true),
        ["8 the own lease is deleted"] = (LoseLeaseAsync, true),
        ["13 the process starts again"] = (cluster => cluster.RestartAsync(0), true),
        ["15 the host boots"] = (BootAsync, false),
        ["16 the devices are deleted"] = (cluster => OnDevicesAsync(cluster, "ip link del $device"), false),
        ["16 the devices are set down"] = (cluster => OnDevicesAsync(cluster, "ip link set $device down"), false),
        ["16 the devices lose their addresses"] = (cluster => OnDevicesAsync(cluster, "ip addr flush dev $device"), false),
        ["16 the devices get another MTU"] = (cluster => OnDevicesAsync(cluster, "ip link set $device mtu 1281"), false),
        ["18 the routes are deleted"] = (DeleteRoutesAsync, false),
        ["20 the uplink goes down and up"] = (cluster => OnUplinkAsync(cluster, "ip link set eth0 down; ip link set eth0 up"), false),
        ["20 the uplink loses its addresses and gets them back"] = (cluster => OnUplinkAsync(cluster, "ip addr flush dev eth0"), false),
        ["21 the public address changes"] = (MoveAsync, false),
        ["22 the packet filter is emptied"] = (cluster => cluster.Hosts[0].ExecAsync("nft", "flush", "ruleset"), true),
        ["25 the uplink's MTU changes"] = (cluster => cluster.Hosts[0].ExecAsync("ip", "link", "set", "eth0", "mtu", "1400"), true),
        ["26 to 29 the store holds what nobody may believe"] = (PutHostileDocumentsAsync, true),
    };

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (string fault in Faults.Keys)
            {
                foreach (
                    string backend in Backends.Keys.Where(backend => backend != HostGateway || !fault.StartsWith("16 ", StringComparison.Ordinal)))
                    cases.Add(fault, backend);
            }

            return cases;
        }
    }

    [NetnsTheory]
    [MemberData(nameof(Cases))]
    public async Task Fault_IsSurvived(string fault, string backend)
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(
            2, $$"""{"Network":"10.5.0.0/16","SubnetMax":"10.5.199.0","EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{{Backends[backend]}}}""");
        LabContainer near = cluster.AddContainer(0, mtu: 1280), far = cluster.AddContainer(1, mtu: 1280);
        await OverlayCluster.AssertPingAsync(near, far);
        SubnetKey subnet = cluster.Node(0).Lease.Key;
        await using ContinuousPing ping = near.StartPinging(far.Address!, HundredPerSecond), pingIPv6 = far.StartPinging(near.AddressIPv6!, HundredPerSecond);
        await ping.WaitForAnswersAsync(10);
        await pingIPv6.WaitForAnswersAsync(10);

        await Faults[fault].Happen(cluster);

        await ping.WaitForAnswersAsync(50);
        await pingIPv6.WaitForAnswersAsync(50);
        for (int host = 0; host < 2; host++)
            await cluster.UntilAsync(host, static status => status is { State: FlannelNodeState.Ready, IsConverged: true, Peers.Count: 1, PeerProblems.Count: 0 });
        PingReport report = await ping.StopAsync(), reportIPv6 = await pingIPv6.StopAsync();
        output.WriteLine(
            $"{fault}, {backend}: silent for {report.LongestSilence.TotalMilliseconds:0} ms (IPv4), " +
            $"{reportIPv6.LongestSilence.TotalMilliseconds:0} ms (IPv6)");
        Assert.Equal(subnet, cluster.Node(0).Lease.Key);
        // The packets of udp pass the process, and are lost while there is none.
        if (Faults[fault].LosesNothing && !(backend == Udp && fault.StartsWith("13 ", StringComparison.Ordinal)))
            Assert.True(report.AllAnswered && reportIPv6.AllAnswered, $"IPv4: {report}, IPv6: {reportIPv6}");
    }

    private static async Task StoreAwayAsync(OverlayCluster cluster)
    {
        cluster.Store.Away = FaultyLeaseStore.NoAnswer;
        await cluster.UntilAsync(0, static status => status.State == FlannelNodeState.Degraded);
        cluster.Store.Away = null;
    }

    private static async Task LoseLeaseAsync(OverlayCluster cluster)
    {
        Lease lease = cluster.Node(0).Lease;
        cluster.Memory.Delete(lease.Key.ToString());
        await cluster.UntilAsync(0, status => status.State == FlannelNodeState.Ready && status.Lease!.ModRevision > lease.ModRevision);
    }

    /// <summary>What a kernel forgets, an agent finds gone at its next start.</summary>
    private static async Task BootAsync(OverlayCluster cluster)
    {
        await cluster.StopNodeAsync(0);
        await OnDevicesAsync(cluster, "ip link del $device");
        await cluster.Hosts[0].ExecAsync(
            "sh", "-c", $"nft flush ruleset; ip route del {RouteOf(cluster)}; ip -6 route del {RouteIPv6Of(cluster)}; true");
        await cluster.AddNodeAsync(cluster.Hosts[0]);
    }

    private static Task<string> OnDevicesAsync(OverlayCluster cluster, string command) => cluster.Hosts[0].ExecAsync(
        "sh", "-e", "-c", $"for device in $(ip -o link | sed -n 's/^[0-9]*: \\(flannel[^:@]*\\).*/\\1/p'); do {command}; done");

    /// <summary>Those to the peer, or those to the whole network, which udp has.</summary>
    private static Task<string> DeleteRoutesAsync(OverlayCluster cluster) => cluster.Hosts[0].ExecAsync(
        "sh",
        "-e",
        "-c",
        $"ip route del {RouteOf(cluster)} || ip route del {cluster.Node(0).Status.Config!.Network}; " +
        $"ip -6 route del {RouteIPv6Of(cluster)} || ip -6 route del {cluster.Node(0).Status.Config!.IPv6Network}");

    private static Task<string> OnUplinkAsync(OverlayCluster cluster, string command) => cluster.Hosts[0].ExecAsync(
        "sh",
        "-e",
        "-c",
        $"{command}; ip addr replace {cluster.Hosts[0].Address}/24 dev eth0; ip addr replace {cluster.Hosts[0].AddressIPv6}/64 dev eth0 nodad; " +
        $"{DefaultRoutes}");

    private static async Task MoveAsync(OverlayCluster cluster)
    {
        await cluster.Hosts[0].ExecAsync(
            "sh", "-e", "-c", $"ip addr del {cluster.Hosts[0].Address}/24 dev eth0; ip addr add 192.168.100.77/24 dev eth0; {DefaultRoutes}");
        await cluster.UntilAsync(
            1, status => status.Peers.Values.Any(static peer => peer.Attributes.PublicIP!.Equals(IPAddress.Parse("192.168.100.77"))));
    }

    private static async Task PutHostileDocumentsAsync(OverlayCluster cluster)
    {
        Lease own = cluster.Node(0).Lease, peer = cluster.Node(1).Lease;
        (string Key, string Document)[] hostile =
        [
            ("10.5.250.0-24", "{not json"),
            ("8.8.8.0-24", DocumentOf(peer, "192.168.100.50")),
            ("192.168.100.0-24", DocumentOf(peer, "192.168.100.51")),
            ("10.5.251.0-24", DocumentOf(peer, "224.0.0.9")),
            ("10.5.252.0-24", DocumentOf(peer, "127.0.0.1")),
            ($"{own.Subnet!.Value.BaseAddress}-25", DocumentOf(peer, "192.168.100.52")),
        ];
        foreach ((string key, string document) in hostile) cluster.Memory.Put(key, Encoding.UTF8.GetBytes(document), null);
        await cluster.UntilAsync(0, status => status.Quarantined.Count == hostile.Length);
    }

    private static string DocumentOf(Lease peer, string publicIP) =>
        $$"""{"PublicIP":"{{publicIP}}","BackendType":"{{peer.Attributes.BackendType}}","BackendData":{{peer.Attributes.BackendData ?? "null"}}}""";

    private static string RouteOf(OverlayCluster cluster) => cluster.Node(1).Lease.Subnet!.Value.ToString();

    private static string RouteIPv6Of(OverlayCluster cluster) => cluster.Node(1).Lease.SubnetIPv6!.Value.ToString();
}
