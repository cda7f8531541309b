using Flannel.Backends.HostGateway.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.HostGateway.Tests;

/// <summary>The backend's opinion of peers.</summary>
public sealed class HostGatewayNetworkCheckTests
{
    [NetnsFact]
    public async Task CheckPeer_EachKindOfPeer_IsAcceptedOrRefusedWithReason()
    {
        await using var cluster = HostGatewayCluster.Create(dualStack: true);
        await using IBackendNetwork network = await HostGatewayNode.CreateAsync(cluster.Lab.Hosts[0], HostGatewayCluster.ConfigOf(ipv6: true));
        await using IBackendNetwork networkIPv4 = await HostGatewayNode.CreateAsync(cluster.Lab.Hosts[0], HostGatewayCluster.ConfigOf());
        Lease good = HostGatewayCluster.PeerOf(72, ipv6: true);

        Assert.Null(network.CheckPeer(good));
        Assert.Null(networkIPv4.CheckPeer(good));
        Assert.Null(network.CheckPeer(HostGatewayCluster.PeerOf(72)));
        AssertRefused("vxlan", good with { Attributes = good.Attributes with { BackendType = "vxlan" } });
        AssertRefused("''", good with { Attributes = good.Attributes with { BackendType = null } });
        AssertRefused("PublicIP is missing", good with { Attributes = good.Attributes with { PublicIP = null } });
        AssertRefused("PublicIPv6 is missing", good with { Attributes = good.Attributes with { PublicIPv6 = null } });
        Assert.Contains("no subnet", networkIPv4.CheckPeer(HostGatewayCluster.PeerOf(72, ipv4: false, ipv6: true)), StringComparison.Ordinal);

        void AssertRefused(string expected, Lease peer) =>
            Assert.Contains(expected, network.CheckPeer(peer) ?? "(accepted)", StringComparison.Ordinal);
    }
}
