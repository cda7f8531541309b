using Flannel.Backends.HostGateway.Tests.Support;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.HostGateway.Tests.Kernel;

/// <summary>A host can only be a gateway on the network that we share with it.</summary>
public sealed class OnLinkTests
{
    [NetnsFact]
    public async Task Peer_BehindARouter_IsReportedWhileOthersWork()
    {
        await using var cluster = HostGatewayCluster.Create();
        HostGatewayNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0]);
        Lease far = HostGatewayCluster.PeerOf(72, publicIP: "192.168.9.2");

        node.Network.SetPeers([far, HostGatewayCluster.PeerOf(73)]);
        BackendStatus status = await node.WaitAsync(static status => status is { IsConverged: true, PeerProblems.Count: 1 });

        Assert.Equal(
            "192.168.9.2 is not on-link of eth0 (it is reached via 192.168.100.254): use vxlan, which crosses routers, " +
            "or bring all hosts onto one layer-2 network",
            status.PeerProblems[far.Key]);
        Assert.Null(status.Problem);
        Assert.Equal(["10.5.73.0/24 via 192.168.100.73 dev eth0"], await node.RoutesAsync());
    }

    [NetnsTheory]
    [InlineData("ip route add 192.168.9.0/24 dev eth0", "ip route del 192.168.9.0/24 dev eth0")]
    [InlineData("ip addr add 192.168.9.1/24 dev eth0", "ip addr del 192.168.9.1/24 dev eth0")]
    public async Task Peer_ComesOnLinkAndGoes_IsRoutedAsLongAsItIs(string come, string go)
    {
        await using var cluster = HostGatewayCluster.Create();
        HostGatewayNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0]);
        node.Network.SetPeers([HostGatewayCluster.PeerOf(72, publicIP: "192.168.9.2")]);
        await node.WaitAsync(static status => status is { IsConverged: true, PeerProblems.Count: 1 });

        await node.Host.ExecAsync("sh", "-c", come);
        await node.UntilRoutesAsync("10.5.72.0/24 via 192.168.9.2 dev eth0");
        await node.WaitAsync(static status => status is { IsConverged: true, PeerProblems.Count: 0 });

        await node.Host.ExecAsync("sh", "-c", go);
        await node.UntilRoutesAsync();
        await node.WaitAsync(static status => status is { IsConverged: true, PeerProblems.Count: 1 });
    }

    [NetnsFact]
    public async Task Peer_OnLinkForOneFamilyOnly_IsRoutedForThatFamily()
    {
        await using var cluster = HostGatewayCluster.Create(dualStack: true);
        HostGatewayNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0], ipv6: true);
        Lease peer = HostGatewayCluster.PeerOf(72, publicIPv6: "fd00:9::2", ipv6: true);

        node.Network.SetPeers([peer]);
        BackendStatus status = await node.WaitAsync(static status => status is { IsConverged: true, PeerProblems.Count: 1 });

        Assert.StartsWith("fd00:9::2 is not on-link of eth0", status.PeerProblems[peer.Key], StringComparison.Ordinal);
        Assert.Equal(["10.5.72.0/24 via 192.168.100.72 dev eth0"], await node.RoutesAsync());
    }

    [NetnsTheory]
    [InlineData("192.168.100.1", "it is an address of this host")]
    [InlineData("172.16.0.1", "no route leads there")]
    [InlineData("192.168.7.7", "it is reached over cni0")]
    public async Task Peer_AtAnImpossibleAddress_SaysWhatWasFound(string publicIP, string expected)
    {
        await using var cluster = HostGatewayCluster.Create();
        LabHost host = cluster.Lab.Hosts[0];
        HostGatewayNode node = await cluster.AddNodeAsync(host);
        host.AddContainer(node.Lease.Subnet);
        await host.ExecAsync("ip", "route", "add", "unreachable", "172.16.0.0/12");
        await host.ExecAsync("ip", "route", "add", "192.168.7.0/24", "dev", "cni0");

        node.Network.SetPeers([HostGatewayCluster.PeerOf(72, publicIP)]);

        BackendStatus status = await node.WaitAsync(static status => status is { IsConverged: true, PeerProblems.Count: 1 });
        Assert.Contains(expected, status.PeerProblems.Values.Single(), StringComparison.Ordinal);
    }
}
