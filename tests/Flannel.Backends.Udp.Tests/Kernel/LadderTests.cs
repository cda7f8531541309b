using System.Globalization;
using Flannel.Backends.Udp.Tests.Support;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.Udp.Tests.Kernel;

/// <summary>Every step of the ladder of off-loads carries the same packets, and a step that breaks while packets flow breaks no connection.</summary>
public sealed class LadderTests
{
    /// <summary>How many bytes each direction carries: 8 MiB, or what the variable says (4294967296 for a soak of some minutes).</summary>
    private static readonly long Transfer = long.Parse(
        Environment.GetEnvironmentVariable("FLANNEL_TEST_TRANSFER_BYTES") ?? "8388608", CultureInfo.InvariantCulture);

    public static TheoryData<UdpOffloads> Steps =>
    [
        UdpOffloads.None,
        .. Enum.GetValues<UdpOffloads>()
        .Where(static offload => offload is not (UdpOffloads.None or UdpOffloads.All))
        .Select(static offload => UdpOffloads.All & ~offload),
        .. Enum.GetValues<UdpOffloads>().Where(static offload => offload is not (UdpOffloads.None or UdpOffloads.All)),
    ];

    [NetnsTheory]
    [MemberData(nameof(Steps))]
    public async Task Offloads_AnyOfThemOff_CarryTheSame(UdpOffloads offloads)
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync(options: new UdpBackendOptions { Offloads = offloads });
        LabContainer[] containers = cluster.AddContainers();

        await Task.WhenAll(
            TcpTransfer.RunAsync(containers[0], containers[1], containers[1].Address!, Transfer),
            TcpTransfer.RunAsync(containers[1], containers[0], containers[0].Address!, Transfer));
        using var exchange = new UdpExchange(containers[0], containers[1], containers[1].Address!);
        await exchange.CheckBurstAsync(UdpExchange.Datagrams([.. Enumerable.Repeat(64, 200), .. Enumerable.Repeat(1444, 20), 3, 5000]));

        Assert.All(cluster.Nodes, node => Assert.Equal(UdpOffloads.None, node.DataPath.Offloads.Current & ~offloads));
    }

    [NetnsFact]
    public async Task SendSegmentation_RefusedWhilePacketsFlow_IsGivenUpOnceAndNothingIsLost()
    {
        var log = new ListLogger<UdpBackend>();
        await using UdpCluster cluster = await UdpCluster.StartAsync(logger: log);
        LabContainer[] containers = cluster.AddContainers();
        await TcpTransfer.RunAsync(containers[0], containers[1], containers[1].Address!, Transfer);

        // SO_NO_CHECK makes the kernel refuse UDP_SEGMENT with EINVAL, as an egress device that cannot compute checksums does.
        SocketOptions.Set(cluster.Nodes[0].DataPath.Sockets[0], level: 1, name: 11, value: 1);
        using var exchange = new UdpExchange(containers[0], containers[1], containers[1].Address!);
        await exchange.CheckSegmentedAsync(50, 64);
        await TcpTransfer.RunAsync(containers[0], containers[1], containers[1].Address!, Transfer);

        Assert.Equal(UdpOffloads.All & ~UdpOffloads.SendSegmentation, cluster.Nodes[0].DataPath.Offloads.Current);
        TrafficTests.AssertNothingDropped(cluster.Nodes[0]);
        await cluster.Nodes[0].EventuallyAsync(() => log.CountOf(5003) == 1);
        await TcpTransfer.RunAsync(containers[0], containers[1], containers[1].Address!, Transfer);
        Assert.Equal(1, log.CountOf(5003));
    }

    [NetnsFact]
    public async Task Underlay_NarrowerThanItSays_StillCarriesEverything()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync();
        LabContainer[] containers = cluster.AddContainers();

        // The kernel refuses segments that exceed the path's MTU (EMSGSIZE) but fragments single datagrams.
        await cluster.Lab.Hosts[0].ExecAsync("ip", "route", "replace", "192.168.100.0/24", "dev", "eth0", "mtu", "1400");
        await TcpTransfer.RunAsync(containers[0], containers[1], containers[1].Address!, Transfer);

        Assert.Equal(UdpOffloads.All, cluster.Nodes[0].DataPath.Offloads.Current);
    }
}
