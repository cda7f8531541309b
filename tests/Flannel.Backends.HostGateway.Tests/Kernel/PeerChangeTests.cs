using Flannel.Backends.HostGateway.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.HostGateway.Tests.Kernel;

/// <summary>Peers come, change and go, and others have routes, too.</summary>
public sealed class PeerChangeTests
{
    [NetnsFact]
    public async Task Peer_ChangesItsHost_RouteFollowsInBothFamilies()
    {
        await using var cluster = HostGatewayCluster.Create(dualStack: true);
        HostGatewayNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0], ipv6: true);
        Lease before = HostGatewayCluster.PeerOf(72, ipv6: true);
        Lease after = HostGatewayCluster.PeerOf(72, "192.168.100.99", "fd00:100::99", ipv6: true);
        node.Network.SetPeers([before]);
        await node.WaitForConvergenceAsync();

        node.Network.ChangePeers([new LeaseChange(before, after)]);
        await node.WaitForConvergenceAsync();
        Assert.Equal(
            ["10.5.72.0/24 via 192.168.100.99 dev eth0", "fd00:5:0:48::/64 via fd00:100::99 dev eth0 metric 1024 pref medium"],
            await node.RoutesAsync());

        node.Network.ChangePeers([new LeaseChange(after, null)]);
        await node.WaitForConvergenceAsync();
        Assert.Empty(await node.RoutesAsync());
    }

    [NetnsFact]
    public async Task UnchangedPeer_IsSetAgain_WritesNothing()
    {
        await using var cluster = HostGatewayCluster.Create();
        HostGatewayNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0]);
        Lease peer = HostGatewayCluster.PeerOf(72);
        node.Network.SetPeers([peer]);
        await node.WaitForConvergenceAsync();
        Assert.Equal(1, node.Network.Writes);

        node.Network.SetPeers([peer]);
        node.Network.ChangePeers([new LeaseChange(peer, peer with { ModRevision = 99 })]);
        await node.WaitForConvergenceAsync();

        Assert.Equal(1, node.Network.Writes);
    }

    [NetnsTheory]
    [InlineData("add", "via 192.168.100.254 dev eth0 proto static", "192.168.100.254")]
    [InlineData("add", "dev cni0 proto kernel scope link", "cni0")]
    [InlineData("replace", "via 192.168.100.254 dev eth0 proto static", "192.168.100.254")]
    public async Task ForeignRoute_OnAPeersSubnet_IsLeftAloneAndReportedUntilItIsGone(string verb, string route, string mentions)
    {
        await using var cluster = HostGatewayCluster.Create();
        LabHost host = cluster.Lab.Hosts[0];
        HostGatewayNode node = await cluster.AddNodeAsync(host);
        host.AddContainer(node.Lease.Subnet);
        Lease peer = HostGatewayCluster.PeerOf(72);
        if (verb == "replace")
        {
            node.Network.SetPeers([peer]);
            await node.WaitForConvergenceAsync();
        }

        await host.ExecAsync("sh", "-c", $"ip route {verb} 10.5.72.0/24 {route}");
        node.Network.SetPeers([peer, HostGatewayCluster.PeerOf(73)]);
        BackendStatus status = await node.WaitAsync(static status => status is { IsConverged: true, PeerProblems.Count: 1 });

        Assert.Contains("10.5.72.0/24", status.PeerProblems[peer.Key], StringComparison.Ordinal);
        Assert.Contains(mentions, status.PeerProblems[peer.Key], StringComparison.Ordinal);
        Assert.Equal([$"10.5.72.0/24 {route}"], await node.LinesAsync("ip", "route", "show", "10.5.72.0/24"));
        Assert.Equal(["10.5.73.0/24 via 192.168.100.73 dev eth0"], await node.LinesAsync("ip", "route", "show", "10.5.73.0/24"));

        await host.ExecAsync("ip", "route", "del", "10.5.72.0/24");
        await node.WaitAsync(static status => status is { IsConverged: true, PeerProblems.Count: 0 });
        Assert.Equal(["10.5.72.0/24 via 192.168.100.72 dev eth0"], await node.LinesAsync("ip", "route", "show", "10.5.72.0/24"));
    }

    [NetnsFact]
    public async Task ForeignRoute_WithAnotherMetric_StaysBesideOurs()
    {
        await using var cluster = HostGatewayCluster.Create(dualStack: true);
        HostGatewayNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0], ipv6: true);
        Lease peer = HostGatewayCluster.PeerOf(72, ipv6: true);
        string[] foreign =
        [
            "10.5.72.0/24 via 192.168.100.72 dev eth0 metric 50",
            "fd00:5:0:48::/64 via fd00:100::48 dev eth0 metric 50 pref medium",
        ];
        await node.Host.ExecAsync("sh", "-c", $"ip route add {foreign[0]} && ip -6 route add {foreign[1]}");
        node.Network.SetPeers([peer]);
        await node.WaitForConvergenceAsync();
        Assert.Equal(4, (await node.RoutesAsync()).Length);

        node.Network.ChangePeers([new LeaseChange(peer, null)]);
        await node.WaitForConvergenceAsync();
        Assert.Equal(foreign, await node.RoutesAsync());
    }
}
