using Flannel.Backends.HostGateway.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.HostGateway.Tests.Kernel;

/// <summary>Nothing is written but what differs.</summary>
public sealed class EffortTests
{
    [NetnsFact]
    public async Task OwnWrites_ComeBackAsNotifications_AndCauseNoWork()
    {
        await using var cluster = HostGatewayCluster.Create();
        HostGatewayNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0]);
        Lease[] peers = [.. Enumerable.Range(2, 200).Select(static number => HostGatewayCluster.PeerOf(number))];
        node.Network.SetPeers(peers);
        await node.WaitForConvergenceAsync();
        for (int round = 0; round < 3; round++)
        {
            node.Network.ChangePeers([.. peers.Select(static peer => new LeaseChange(peer, null))]);
            await node.WaitForConvergenceAsync();
            node.Network.ChangePeers([.. peers.Select(static peer => new LeaseChange(null, peer))]);
            await node.WaitForConvergenceAsync();
        }

        // A change made by hand is told through the same socket, behind all of ours.
        await node.Host.ExecAsync("ip", "route", "del", "10.5.2.0/24");
        await node.WaitAsync(status => status.IsConverged && node.Network.Writes >= (7 * peers.Length) + 1);

        Assert.Equal((7 * peers.Length) + 1, node.Network.Writes);
        Assert.Equal(peers.Length, (await node.RoutesAsync()).Length);
    }
}
