using Flannel.Backends.Udp.Tests.Support;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.Udp.Tests.Kernel;

/// <summary>Packets that overtake each other on their way to us are neither lost nor put together wrongly.</summary>
public sealed class ReorderingTests
{
    private const int Transfer = 4 << 20;

    [NetnsFact]
    public async Task Transfers_OutOfOrder_ArriveIntact()
    {
        await using UdpCluster cluster = UdpCluster.Create();
        (UdpNode node, LabContainer near, LabContainer far) = await StartAsync(cluster);
        await using var reference = ReferencePeer.Start(cluster.Lab.Hosts[1], 2, cluster.Lab.Hosts[0], isReordering: true);

        await TcpTransfer.RunAsync(far, near, near.Address!, Transfer);
        long reordered = reference.Reordered;
        await Task.WhenAll(
            TcpTransfer.RunAsync(far, near, near.Address!, Transfer),
            TcpTransfer.RunAsync(near, far, far.Address!, Transfer));

        Assert.True(reordered > 100, $"{reordered} packets were overtaken");
        Assert.True(reference.Reordered > reordered, "packets of both directions were overtaken");
        TrafficTests.AssertNothingDropped(node);
    }

    [NetnsFact]
    public async Task Datagrams_OutOfOrder_ArriveAsTheyWere()
    {
        await using UdpCluster cluster = UdpCluster.Create();
        (UdpNode node, LabContainer near, LabContainer far) = await StartAsync(cluster);
        await using var reference = ReferencePeer.Start(cluster.Lab.Hosts[1], 2, cluster.Lab.Hosts[0], isReordering: true);
        using var exchange = new UdpExchange(far, near, near.Address!);

        // Ten of 200 bytes, one of 77, and so on: a short one ends what may be put together, wherever it arrives.
        await exchange.CheckUnorderedBurstAsync(UdpExchange.Datagrams([.. Enumerable.Repeat(2077, 30)]), segment: 200);
        long reordered = reference.Reordered;
        await exchange.CheckUnorderedBurstAsync(
            UdpExchange.Datagrams([.. Enumerable.Range(0, 200).Select(static index => index % 3 == 0 ? 200 : 1 + (index % 40))]));
        await exchange.CheckUnorderedBurstAsync(UdpExchange.Datagrams([.. Enumerable.Repeat(4000, 50)]));

        Assert.True(reordered > 20, $"{reordered} packets were overtaken");
        TrafficTests.AssertNothingDropped(node);
    }

    private static async Task<(UdpNode Node, LabContainer Near, LabContainer Far)> StartAsync(UdpCluster cluster)
    {
        UdpNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0]);
        node.Network.SetPeers([UdpCluster.LeaseOf(cluster.Lab.Hosts[1], 2)]);
        return (node, node.AddContainer(), cluster.Lab.Hosts[1].AddContainer(UdpCluster.KeyOf(2).IPv4, mtu: node.Network.Status.Mtu));
    }
}
