using Flannel.Backends.HostGateway.Tests.Support;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Backends.HostGateway.Tests.Kernel;

/// <summary>What a restart keeps, and what it clears away.</summary>
public sealed class RestartTests
{
    [NetnsFact]
    public async Task Restart_UnderPing_LosesNoPacketAndWritesNothing()
    {
        await using HostGatewayCluster cluster = await HostGatewayCluster.StartAsync(ipv6: true);
        HostGatewayNode first = cluster.Nodes[0];
        HostGatewayNode peer = cluster.Nodes[1];
        LabContainer[] containers = [.. cluster.Nodes.Select(static node => node.Host.AddContainer(node.Lease.Subnet, node.Lease.SubnetIPv6))];
        await using ContinuousPing ping = containers[0].StartPinging(containers[1].Address!);
        await ping.WaitForAnswersAsync(20);
        string[] before = await first.RoutesAsync();

        await first.DisposeAsync();
        await ping.WaitForAnswersAsync(20);
        Assert.Equal(before, await first.RoutesAsync());
        await using HostGatewayNode second = await HostGatewayNode.StartAsync(first.Host, 1, HostGatewayCluster.ConfigOf(ipv6: true));
        second.Network.SetPeers([peer.Lease]);
        await second.WaitForConvergenceAsync();
        await ping.WaitForAnswersAsync(20);

        PingReport report = await ping.StopAsync();
        Assert.True(report.AllAnswered, report.ToString());
        Assert.Equal(0, second.Network.Writes);
        Assert.Equal(first.Network.Attributes, second.Network.Attributes);
    }

    [NetnsFact]
    public async Task Start_PeersLeftMeanwhile_RemovesTheirRoutesAtFirstSnapshot()
    {
        await using var cluster = HostGatewayCluster.Create(dualStack: true);
        HostGatewayNode first = await cluster.AddNodeAsync(cluster.Lab.Hosts[0], ipv6: true);
        first.Network.SetPeers([HostGatewayCluster.PeerOf(72, ipv6: true), HostGatewayCluster.PeerOf(73, ipv6: true)]);
        await first.WaitForConvergenceAsync();
        await first.DisposeAsync();

        await using HostGatewayNode second = await HostGatewayNode.StartAsync(first.Host, 1, HostGatewayCluster.ConfigOf(ipv6: true));
        Assert.Equal(4, (await second.RoutesAsync()).Length);

        second.Network.SetPeers([HostGatewayCluster.PeerOf(73, ipv6: true)]);
        await second.WaitForConvergenceAsync();

        Assert.Equal(
            ["10.5.73.0/24 via 192.168.100.73 dev eth0", "fd00:5:0:49::/64 via fd00:100::49 dev eth0 metric 1024 pref medium"],
            await second.RoutesAsync());
        Assert.Equal(2, second.Network.Writes);
    }

    [NetnsFact]
    public async Task Start_OverAnotherInterface_RoutesToPeersAreReplacedAndThoseThroughOthersStay()
    {
        await using HostGatewayCluster cluster = await HostGatewayCluster.StartAsync(ipv6: true);
        HostGatewayNode first = cluster.Nodes[0];
        Lease peer = cluster.Nodes[1].Lease;
        Lease gone = HostGatewayCluster.PeerOf(74, ipv6: true);
        first.Network.SetPeers([peer, HostGatewayCluster.PeerOf(73, ipv6: true)]);
        await first.WaitForConvergenceAsync();
        await first.DisposeAsync();
        ExternalInterface bridge = await first.Host.MoveToBridgeAsync();
        await first.Host.ExecAsync("ip", "route", "add", "10.5.74.0/24", "via", "192.168.100.99", "dev", "eth0", "onlink");

        await using HostGatewayNode second = await HostGatewayNode.StartAsync(first.Host, 1, HostGatewayCluster.ConfigOf(ipv6: true), bridge);
        second.Network.SetPeers([peer, HostGatewayCluster.PeerOf(73, ipv6: true), gone]);
        BackendStatus status = await second.WaitAsync(static status => status is { IsConverged: true, PeerProblems.Count: > 0 });

        Assert.Equal(
            [
                "10.5.2.0/24 via 192.168.100.2 dev br0",
                "10.5.73.0/24 via 192.168.100.73 dev br0",
                "10.5.74.0/24 via 192.168.100.99 dev eth0 onlink",
                "fd00:5:0:2::/64 via fd00:100::2 dev br0 metric 1024 pref medium",
                "fd00:5:0:49::/64 via fd00:100::49 dev br0 metric 1024 pref medium",
                "fd00:5:0:4a::/64 via fd00:100::4a dev br0 metric 1024 pref medium",
            ],
            await second.RoutesAsync());
        Assert.Equal(gone.Key, Assert.Single(status.PeerProblems).Key);
        LabContainer[] containers = [.. cluster.Nodes.Select(static node => node.Host.AddContainer(node.Lease.Subnet, node.Lease.SubnetIPv6))];
        foreach (System.Net.IPAddress address in new[] { containers[1].Address!, containers[1].AddressIPv6! })
        {
            await using ContinuousPing ping = containers[0].StartPinging(address);
            await ping.WaitForAnswersAsync(3);
        }

        second.Network.SetPeers([peer]);
        await second.WaitForConvergenceAsync();
        await second.Network.RemoveAsync(CancellationToken.None);
        Assert.Equal(
            ["10.5.74.0/24 via 192.168.100.99 dev eth0 onlink"],
            (await second.RoutesAsync()).Where(static route => !route.Contains("dev cni0", StringComparison.Ordinal)));
    }

    [NetnsFact]
    public async Task Start_ForeignRoutesBesideOurs_AreKept()
    {
        await using var cluster = HostGatewayCluster.Create(dualStack: true);
        LabHost host = cluster.Lab.Hosts[0];
        HostGatewayNode node = await cluster.AddNodeAsync(host, ipv6: true);
        string[] foreign =
        [
            "10.5.88.0/24 via 192.168.100.254 dev eth0 proto static",
            "10.5.89.0/25 via 192.168.100.254 dev eth0",
            "10.5.90.0/24 via 192.168.100.254 dev eth0 metric 50",
            "10.5.91.0/24 dev eth0 scope link",
            "blackhole 10.5.92.0/24",
            "fd00:5:0:60::/64 via fd00:100::ffff dev eth0 proto static metric 1024 pref medium",
            "fd00:5:0:61::/64 via fd00:100::ffff dev eth0 metric 50 pref medium",
        ];
        foreach (string route in foreign)
            await host.ExecAsync("sh", "-c", $"ip {(route.Contains(':', StringComparison.Ordinal) ? "-6" : "")} route add {route}");

        node.Network.SetPeers([HostGatewayCluster.PeerOf(72)]);
        await node.WaitForConvergenceAsync();

        string[] expected = [.. foreign, "10.5.72.0/24 via 192.168.100.72 dev eth0"];
        Assert.Equal(expected.Order(StringComparer.Ordinal), (await node.RoutesAsync()).Order(StringComparer.Ordinal));
    }

    [NetnsFact]
    public async Task Remove_BothFamilies_LeavesNothingOfOurs()
    {
        await using var cluster = HostGatewayCluster.Create(dualStack: true);
        LabHost host = cluster.Lab.Hosts[0];
        await host.ExecAsync("ip", "route", "add", "10.5.88.0/24", "via", "192.168.100.254", "proto", "static");
        HostGatewayNode node = await cluster.AddNodeAsync(host, ipv6: true);
        node.Network.SetPeers([HostGatewayCluster.PeerOf(72, ipv6: true), HostGatewayCluster.PeerOf(73)]);
        await node.WaitForConvergenceAsync();

        await node.Network.RemoveAsync(CancellationToken.None);

        Assert.Equal(["10.5.88.0/24 via 192.168.100.254 dev eth0 proto static"], await node.RoutesAsync());
    }

    [NetnsFact]
    public async Task Create_AndDispose_TouchesNothing()
    {
        await using var cluster = HostGatewayCluster.Create(dualStack: true);
        LabHost host = cluster.Lab.Hosts[0];
        await host.ExecAsync("ip", "route", "add", "10.5.88.0/24", "via", "192.168.100.88");
        await using HostGatewayNode node = await HostGatewayNode.StartAsync(host, 1, HostGatewayCluster.ConfigOf(ipv6: true));
        string before = await host.ExecAsync("ip", "route");

        await node.DisposeAsync();

        Assert.Contains("10.5.88.0/24", before, StringComparison.Ordinal);
        Assert.Equal(before, await host.ExecAsync("ip", "route"));
    }
}
