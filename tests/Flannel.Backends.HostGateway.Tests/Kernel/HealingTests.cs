using Flannel.Backends.HostGateway.Tests.Support;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Backends.HostGateway.Tests.Kernel;

/// <summary>Somebody takes away or changes what is ours. It comes back without anybody asking, by the kernel's notifications alone.</summary>
public sealed class HealingTests
{
    private static readonly string[] Routes =
    [
        "10.5.72.0/24 via 192.168.100.72 dev eth0",
        "10.5.73.0/24 via 192.168.100.73 dev eth0",
        "fd00:5:0:48::/64 via fd00:100::48 dev eth0 metric 1024 pref medium",
        "fd00:5:0:49::/64 via fd00:100::49 dev eth0 metric 1024 pref medium",
    ];

    [NetnsTheory]
    [InlineData("ip route del 10.5.72.0/24")]
    [InlineData("ip route flush root 10.5.0.0/16")]
    [InlineData("ip route change 10.5.72.0/24 via 192.168.100.99 dev eth0")]
    [InlineData("ip route replace 10.5.72.0/24 via 192.168.100.254 dev eth0")]
    [InlineData("ip -6 route del fd00:5:0:48::/64")]
    [InlineData("ip -6 route flush root fd00:5::/48")]
    [InlineData("ip -6 route replace fd00:5:0:48::/64 via fd00:100::99 dev eth0")]
    [InlineData("ip route add 10.5.99.0/24 via 192.168.100.99 dev eth0")]
    [InlineData("ip link set eth0 down && ip link set eth0 up && ip addr replace fd00:100::1/64 dev eth0 nodad")]
    [InlineData("ip addr del 192.168.100.1/24 dev eth0 && ip addr add 192.168.100.1/24 dev eth0")]
    [InlineData("ip addr del fd00:100::1/64 dev eth0 && ip addr add fd00:100::1/64 dev eth0 nodad")]
    [InlineData("ip addr flush dev eth0 && ip addr add 192.168.100.1/24 dev eth0 && ip addr add fd00:100::1/64 dev eth0 nodad")]
    public async Task Routes_DamagedByHand_AreRepaired(string command)
    {
        await using HostGatewayCluster cluster = HostGatewayCluster.Create(dualStack: true);
        HostGatewayNode node = await StartAsync(cluster);

        await node.Host.ExecAsync("sh", "-c", command);

        await node.UntilRoutesAsync(Routes);
        await node.WaitForConvergenceAsync();
        Assert.Empty(node.Network.Status.PeerProblems);
    }

    [NetnsFact]
    public async Task ExternalInterface_Down_IsSaidOnceAndHealsWhenItIsUp()
    {
        await using HostGatewayCluster cluster = HostGatewayCluster.Create(dualStack: true);
        HostGatewayNode node = await StartAsync(cluster);

        await node.Host.ExecAsync("ip", "link", "set", "eth0", "down");
        BackendStatus broken = await node.WaitAsync(static status => status.Problem is not null);
        Assert.Contains("eth0 is down", broken.Problem, StringComparison.Ordinal);
        Assert.False(broken.IsConverged);
        Assert.Empty(broken.PeerProblems);

        await node.Host.ExecAsync("ip", "link", "set", "eth0", "up");
        await node.Host.ExecAsync("ip", "addr", "replace", "fd00:100::1/64", "dev", "eth0", "nodad");
        await node.UntilRoutesAsync(Routes);
        await node.WaitForConvergenceAsync();
    }

    [NetnsFact]
    public async Task ExternalInterface_LosesTheAddressOfOneFamily_TheOtherFamilyGoesOn()
    {
        await using HostGatewayCluster cluster = HostGatewayCluster.Create(dualStack: true);
        HostGatewayNode node = await StartAsync(cluster);

        await node.Host.ExecAsync("ip", "addr", "del", "fd00:100::1/64", "dev", "eth0");
        BackendStatus broken = await node.WaitAsync(static status => status.Problem is not null);
        Assert.Contains("fd00:100::1", broken.Problem, StringComparison.Ordinal);
        node.Network.SetPeers([HostGatewayCluster.PeerOf(74, ipv6: true)]);
        await node.UntilAsync(static routes => routes.Where(static route => route.StartsWith("10.", StringComparison.Ordinal))
            .SequenceEqual(["10.5.74.0/24 via 192.168.100.74 dev eth0"]));
    }

    [NetnsFact]
    public async Task ExternalInterface_MtuChanges_IsFollowedByTheStatus()
    {
        await using HostGatewayCluster cluster = HostGatewayCluster.Create(dualStack: true);
        HostGatewayNode node = await StartAsync(cluster);
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));

        await node.Host.ExecAsync("ip", "link", "set", "eth0", "mtu", "1400");
        await foreach (BackendStatus status in node.Network.WatchAsync(timeout.Token))
        {
            if (status.Mtu == 1400) break;
        }

        await node.Host.ExecAsync("ip", "link", "set", "eth0", "mtu", "1500");
        await node.WaitAsync(static status => status is { Mtu: 1500, IsConverged: true });
        Assert.Equal(Routes, await node.RoutesAsync());
    }

    [NetnsFact]
    public async Task ExternalInterface_Renamed_RoutesAreKept()
    {
        await using HostGatewayCluster cluster = HostGatewayCluster.Create();
        HostGatewayNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0]);
        node.Network.SetPeers([HostGatewayCluster.PeerOf(72)]);
        await node.WaitForConvergenceAsync();

        await node.Host.ExecAsync("sh", "-c", "ip link set eth0 down && ip link set eth0 name external0 && ip link set external0 up mtu 1400");

        await node.UntilRoutesAsync("10.5.72.0/24 via 192.168.100.72 dev external0");
        await node.WaitAsync(static status => status is { Mtu: 1400, IsConverged: true, Problem: null });
    }

    [NetnsFact]
    public async Task ExternalInterface_DeletedAndMadeAnew_IsFollowed()
    {
        await using HostGatewayCluster cluster = await HostGatewayCluster.StartAsync();
        HostGatewayNode node = cluster.Nodes[0];
        await node.Host.ExecAsync("ip", "link", "del", "eth0");
        BackendStatus broken = await node.WaitAsync(static status => status.Problem is not null);
        Assert.Contains("eth0 is gone", broken.Problem, StringComparison.Ordinal);

        await cluster.Lab.Underlay.ExecAsync("ip", "link", "add", "again", "type", "veth", "peer", "name", "eth0", "netns", node.Host.NamespaceName);
        await cluster.Lab.Underlay.ExecAsync("ip", "link", "set", "again", "master", "br0", "up");
        await node.Host.ExecAsync("ip", "addr", "add", "192.168.100.1/24", "dev", "eth0");
        await node.Host.ExecAsync("ip", "link", "set", "eth0", "up");

        await node.UntilRoutesAsync("10.5.2.0/24 via 192.168.100.2 dev eth0");
        await node.WaitForConvergenceAsync();
    }

    [NetnsFact]
    public async Task Routes_FlushedUnderPing_AnswersComeBack()
    {
        await using HostGatewayCluster cluster = await HostGatewayCluster.StartAsync();
        LabContainer[] containers = [.. cluster.Nodes.Select(static node => node.Host.AddContainer(node.Lease.Subnet))];
        await using ContinuousPing ping = containers[0].StartPinging(containers[1].Address!);
        await ping.WaitForAnswersAsync(10);

        for (int round = 0; round < 3; round++)
        {
            await cluster.Nodes[0].Host.ExecAsync("ip", "route", "flush", "root", "10.5.2.0/24");
            await cluster.Nodes[1].Host.ExecAsync("ip", "route", "del", "10.5.1.0/24", "via", "192.168.100.1");
            await ping.WaitForAnswersAsync(10);
        }
    }

    private static async Task<HostGatewayNode> StartAsync(HostGatewayCluster cluster)
    {
        HostGatewayNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0], ipv6: true);
        node.Network.SetPeers([HostGatewayCluster.PeerOf(72, ipv6: true), HostGatewayCluster.PeerOf(73, ipv6: true)]);
        await node.WaitForConvergenceAsync();
        Assert.Equal(Routes, await node.RoutesAsync());
        return node;
    }
}
