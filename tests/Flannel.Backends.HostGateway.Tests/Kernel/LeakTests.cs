using System.Net;
using Flannel.Backends.HostGateway.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Leaks;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.HostGateway.Tests.Kernel;

/// <summary>What a network opens it closes.</summary>
[Collection(nameof(RunsAlone))]
public sealed class LeakTests
{
    [NetnsFact]
    public async Task Networks_StartedAndDisposed_LeaveNoThreadAndNoDescriptor()
    {
        await using var cluster = HostGatewayCluster.Create(dualStack: true);
        LabHost host = cluster.Lab.Hosts[0];
        await RoundAsync(host);
        LeakCheck check = LeakCheck.Start();

        for (int round = 0; round < 5; round++) await RoundAsync(host);
        ExternalInterface external = host.External;
        await Assert.ThrowsAsync<HostGatewayException>(
            () => HostGatewayNode.CreateAsync(host, HostGatewayCluster.ConfigOf(), external with { Name = "eth9", Index = 4711 }));
        await Assert.ThrowsAsync<HostGatewayAddressException>(
            () => HostGatewayNode.CreateAsync(host, HostGatewayCluster.ConfigOf(), external with { PublicIP = IPAddress.Parse("203.0.113.7") }));
        await using (IBackendNetwork unstarted = await HostGatewayNode.CreateAsync(host, HostGatewayCluster.ConfigOf(ipv6: true)))
        {
        }

        await check.AssertNoneAsync();
    }

    private static async Task RoundAsync(LabHost host)
    {
        await using HostGatewayNode node = await HostGatewayNode.StartAsync(host, 1, HostGatewayCluster.ConfigOf(ipv6: true));
        node.Network.SetPeers([HostGatewayCluster.PeerOf(72, ipv6: true)]);
        await node.WaitForConvergenceAsync();
    }
}
