using Flannel.Backends.Vxlan.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Leaks;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.Vxlan.Tests.Kernel;

/// <summary>What a network opens it closes.</summary>
[Collection(nameof(RunsAlone))]
public sealed class LeakTests
{
    [NetnsFact]
    public async Task Networks_StartedAndDisposed_LeaveNoThreadAndNoDescriptor()
    {
        await using var cluster = VxlanCluster.Create(1, dualStack: true);
        LabHost host = cluster.Lab.Hosts[0];
        await RoundAsync(host);
        LeakCheck check = LeakCheck.Start();

        for (int round = 0; round < 5; round++) await RoundAsync(host);
        await Assert.ThrowsAsync<VxlanDeviceException>(
            () => VxlanNode.CreateAsync(host, VxlanCluster.ConfigOf(), external: host.External with { Name = "eth9", Index = 4711 }));
        await using (IBackendNetwork unstarted = await VxlanNode.CreateAsync(host, VxlanCluster.ConfigOf()))
        {
        }

        await check.AssertNoneAsync();
    }

    private static async Task RoundAsync(LabHost host)
    {
        await using VxlanNode node = await VxlanNode.StartAsync(host, 1, VxlanCluster.ConfigOf("\"DirectRouting\":true", ipv6: true));
        node.Network.SetPeers([VxlanCluster.PeerOf(72)]);
        await node.WaitForConvergenceAsync();
    }
}
