using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Flannel.Lab.Namespaces;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Routes;
using Flannel.Testing;

namespace Flannel.Integration.Tests.Overlay;

/// <content>What happens to the process and to the host's kernel.</content>
public sealed partial class FaultMatrixTests
{
    private const long RouteGroups = (1 << (7 - 1)) | (1 << (11 - 1)); // RTNLGRP_IPV4_ROUTE and RTNLGRP_IPV6_ROUTE of rtnetlink.h
    private const string DefaultRoutes = "ip route replace default via 192.168.100.254; ip -6 route replace default via fd00:100::ffff";

    private static async Task StartWithoutStoreAsync(OverlayCluster cluster)
    {
        await cluster.StopNodeAsync(0);
        if (!IsUdp(cluster)) await AssertFlowsAsync(cluster);
        cluster.StoreOf(0).Away = FaultyLeaseStore.NoAnswer;
        await cluster.AddNodeAsync(cluster.Hosts[0]);
        FlannelNodeStatus waiting = await cluster.UntilAsync(0, static status => status.Error is StoreException);
        Assert.Equal(FlannelNodeState.Starting, waiting.State);
        if (!IsUdp(cluster)) await AssertFlowsAsync(cluster);
        cluster.StoreOf(0).Away = null;
    }

    private static async Task RemoveAsync(OverlayCluster cluster)
    {
        Lease lease = cluster.Node(0).Lease;
        await cluster.Node(0).StopAsync(StopMode.Remove);
        Assert.DoesNotContain((await cluster.Memory.ListAsync(null, CancellationToken.None)).Entries, entry => entry.Key == lease.Key.ToString());
        Assert.DoesNotContain(cluster.Hosts[0].Netlink.GetLinks(), static link => link.Name.StartsWith("flannel", StringComparison.Ordinal));
        Assert.Empty(await RoutesOfAsync(cluster));
        Assert.Empty(await cluster.Hosts[0].ExecAsync("nft", "list", "tables"));

        // Its containers have their addresses, so the operator keeps the subnet for it.
        cluster.Memory.Put(lease.Key, lease.Attributes, TimeSpan.FromHours(1));
        await cluster.StopNodeAsync(0);
        await cluster.AddNodeAsync(cluster.Hosts[0]);
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

    private static async Task ChangeMacAsync(OverlayCluster cluster)
    {
        string[] devices = [.. cluster.Hosts[0].Netlink.GetLinks().Where(static link => link.Vxlan is not null).Select(static link => link.Name)];
        PhysicalAddress[] before = Macs();
        Assert.Equal(2, devices.Length);
        await OnDevicesAsync(cluster, "ip link set $device address 02:00:00:00:00:99");
        await Eventually.IsTrueAsync(() => Macs().SequenceEqual(before), "the devices have their MACs again");

        PhysicalAddress[] Macs() => [.. devices.Select(device => cluster.Hosts[0].Device(device).Address!)];
    }

    /// <summary>Those to the peer, or those to the whole network, which udp has.</summary>
    private static Task<string> DeleteRoutesAsync(OverlayCluster cluster) => cluster.Hosts[0].ExecAsync(
        "sh", "-e", "-c", $"ip route del {PlaceOf(cluster)}; ip -6 route del {PlaceIPv6Of(cluster)}");

    /// <summary>The kernel refuses one of two entries that are missing. A route to the peer's subnet also hides that to the whole network.</summary>
    private static async Task PutForeignRouteAsync(OverlayCluster cluster)
    {
        foreach (string place in new[] { RouteOf(cluster), PlaceOf(cluster) }.Distinct())
        {
            string foreign = $"{place} via 192.168.100.254 dev eth0 proto static";
            await cluster.Hosts[0].ExecAsync("sh", "-e", "-c", $"ip route replace {foreign}; ip -6 route del {PlaceIPv6Of(cluster)}");
            FlannelNodeStatus status = await cluster.UntilAsync(0, status => SaysOfRoute(status, place));
            Assert.Equal((FlannelNodeState.Degraded, true), (status.State, status.IsReady));
            await Eventually.IsTrueAsync(
                async () => await cluster.Hosts[0].ExecAsync("ip", "-6", "route", "show", "exact", PlaceIPv6Of(cluster)) != "",
                "the other route is back");
            Assert.Equal(foreign, (await cluster.Hosts[0].ExecAsync("ip", "route", "show", "exact", place)).Trim());

            await cluster.Hosts[0].ExecAsync("ip", "route", "del", place);
            await cluster.UntilAsync(0, static status => status.State == FlannelNodeState.Ready);
        }
    }

    private static bool SaysOfRoute(FlannelNodeStatus status, string subnet) =>
        status.PeerProblems.Values.Append(status.Reason).Any(text => text.Contains($"route to {subnet}", StringComparison.Ordinal));

    private static Task<string> OnExternalInterfaceAsync(OverlayCluster cluster, string command) => cluster.Hosts[0].ExecAsync(
        "sh",
        "-e",
        "-c",
        $"{command}; ip addr replace {cluster.Hosts[0].Address}/24 dev eth0; ip addr replace {cluster.Hosts[0].AddressIPv6}/64 dev eth0 nodad; " +
        $"{DefaultRoutes}");

    private static async Task MakeExternalInterfaceAnewAsync(OverlayCluster cluster)
    {
        // The same one again, as far as its neighbours can tell, which take their time to look for another.
        PhysicalAddress mac = cluster.Hosts[0].Device("eth0").Address!;
        await cluster.Hosts[0].ExecAsync("ip", "link", "del", "eth0");
        await cluster.Lab.Underlay.ExecAsync(
            "sh",
            "-e",
            "-c",
            $"ip link add h1 type veth peer name eth0 address {string.Join(':', mac.GetAddressBytes().Select(static part => $"{part:x2}"))} " +
            $"netns {cluster.Hosts[0].NamespaceName}; ip link set h1 master br0 up");
        await OnExternalInterfaceAsync(cluster, "ip link set eth0 up");
    }

    private static async Task MoveAsync(OverlayCluster cluster)
    {
        await cluster.Hosts[0].ExecAsync(
            "sh", "-e", "-c", $"ip addr del {cluster.Hosts[0].Address}/24 dev eth0; ip addr add 192.168.100.77/24 dev eth0; {DefaultRoutes}");
        await cluster.UntilAsync(
            1, status => status.Peers.Values.Any(static peer => peer.Attributes.PublicIP!.Equals(IPAddress.Parse("192.168.100.77"))));
    }

    /// <summary>
    /// The monitors' buffers hold next to nothing, and thousands of routes come and go around those that matter: again, as a notification may slip
    /// through.
    /// </summary>
    private static async Task DropNotificationsAsync(OverlayCluster cluster)
    {
        LabHost host = cluster.Hosts[0];
        foreach ((long inode, _) in await MonitorsAsync(host)) ShrinkBuffer(inode);
        using var limit = new CancellationTokenSource(OverlayCluster.Limit);
        for (int lost = 0; lost < 3;)
        {
            limit.Token.ThrowIfCancellationRequested();
            RouteEntry[] places = [.. host.Netlink.GetRoutes().Where(route => IsPlace(cluster, route))];
            Assert.Equal(2, places.Length);
            Dictionary<long, long> before = (await MonitorsAsync(host)).ToDictionary(static one => one.Inode, static one => one.Drops);
            host.Netlink.Execute(Flood(host, static (batch, route) => batch.AddRoute(route), places));
            host.Netlink.Execute(Flood(host, static (batch, route) => batch.DeleteRoute(route), []));
            if ((await MonitorsAsync(host)).All(monitor => monitor.Drops > before.GetValueOrDefault(monitor.Inode))) lost++;
            await Eventually.IsTrueAsync(() => host.Netlink.GetRoutes().Count(route => IsPlace(cluster, route)) == 2, "the routes are back");
        }
    }

    private static RouteBatch Flood(LabHost host, Func<RouteBatch, RouteEntry, int> write, RouteEntry[] deleted)
    {
        int loopback = host.Device("lo").Index;
        var batch = new RouteBatch();
        for (int i = 0; i < 2000; i++)
        {
            (byte high, byte low) = ((byte)(i / 250), (byte)(i % 250));
            write(batch, new RouteEntry { Destination = new IPNetwork(new IPAddress([172, 30, high, low]), 32), LinkIndex = loopback, Table = 99 });
            write(batch, new RouteEntry { Destination = IPNetwork.Parse($"fd00:99::{high:x}:{low:x}/128"), LinkIndex = loopback, Table = 99 });
            if (i != 1000) continue;
            foreach (RouteEntry route in deleted) batch.DeleteRoute(route);
        }

        return batch;
    }

    private static bool IsPlace(OverlayCluster cluster, RouteEntry route) =>
        route.Destination.ToString() is var destination && (destination == PlaceOf(cluster) || destination == PlaceIPv6Of(cluster));

    /// <summary>Who listens to the routes of a host's kernel.</summary>
    private static async Task<IReadOnlyList<(long Inode, long Drops)>> MonitorsAsync(LabHost host) =>
    [
        .. from line in (await host.ExecAsync("cat", "/proc/net/netlink")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)
           let columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
           where columns[1] == "0" && (Convert.ToInt64(columns[3], 16) & RouteGroups) != 0 // 0 is NETLINK_ROUTE
           select (long.Parse(columns[9], CultureInfo.InvariantCulture), long.Parse(columns[8], CultureInfo.InvariantCulture)),
    ];

    private static void ShrinkBuffer(long inode)
    {
        foreach (string path in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (new FileInfo(path).LinkTarget != $"socket:[{inode}]") continue;
            using var handle = new SafeSocketHandle(int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture), ownsHandle: false);
            using var socket = new Socket(handle);
            socket.ReceiveBufferSize = 1;
        }
    }

    private static async Task ObstructSubnetFileAsync(OverlayCluster cluster)
    {
        LabHost host = cluster.Hosts[0];
        string folder = Path.GetDirectoryName(SubnetFileOf(host))!;
        Directory.Delete(folder, recursive: true);
        await File.WriteAllTextAsync(folder, ""); // a file where a folder has to be stops root, too
        try
        {
            await host.ExecAsync("ip", "link", "set", "eth0", "mtu", "1400");
            FlannelNodeStatus status = await cluster.UntilAsync(0, static status => status.Error is SubnetFileException);
            Assert.Equal((FlannelNodeState.Degraded, false), (status.State, status.IsSubnetFileCurrent));
            await AssertFlowsAsync(cluster);
            File.Delete(folder);
            await cluster.UntilAsync(0, static status => status.IsSubnetFileCurrent);
            Assert.Equal(cluster.Node(0).Mtu, SubnetFile.Parse(await File.ReadAllTextAsync(SubnetFileOf(host))).Mtu);
        }
        finally
        {
            foreach (LabHost each in cluster.Hosts)
            {
                if (Path.GetDirectoryName(SubnetFileOf(each)) is { } made && Directory.Exists(made)) Directory.Delete(made, recursive: true);
            }
        }
    }

    private static string SubnetFileOf(LabHost host) => Path.Combine(Path.GetTempPath(), host.NamespaceName, "subnet.env");

    /// <summary>Where the first host's route to its peer is: udp has one to the whole network.</summary>
    private static string PlaceOf(OverlayCluster cluster) =>
        IsUdp(cluster) ? $"{cluster.Node(1).Status.Config!.Network}" : RouteOf(cluster);

    private static string PlaceIPv6Of(OverlayCluster cluster) =>
        IsUdp(cluster) ? $"{cluster.Node(1).Status.Config!.IPv6Network}" : RouteIPv6Of(cluster);

    /// <summary>The first host's ways to its peer.</summary>
    private static async Task<string[]> RoutesOfAsync(OverlayCluster cluster) =>
    [
        .. (await cluster.Hosts[0].ExecAsync("ip", "route", "show", "exact", PlaceOf(cluster))
            + await cluster.Hosts[0].ExecAsync("ip", "-6", "route", "show", "exact", PlaceIPv6Of(cluster)))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries),
    ];
}
