using System.Net;
using Flannel.Backends.Udp.Tests.Support;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.Udp.Tests.Kernel;

/// <summary>More than one pair of threads: every flow stays in order and the counts are whole.</summary>
public sealed class ThreadPairTests
{
    private const int Pairs = 3;
    private const int Transfer = 8 << 20;

    [NetnsTheory]
    [InlineData(UdpOffloads.All)]
    [InlineData(UdpOffloads.None)]
    public async Task Transfers_ManyAtOnce_ArriveIntactByAllThreads(UdpOffloads offloads)
    {
        // More peers than threads, each of its own address: the kernel spreads them over the sockets by a hash that is another one in every
        // namespace.
        await using UdpCluster cluster = await UdpCluster.StartAsync(
            hosts: 6, options: new UdpBackendOptions { ThreadPairs = Pairs, Offloads = offloads });
        UdpNode hub = cluster.Nodes[0];
        LabContainer[] containers = cluster.AddContainers();

        await Task.WhenAll(containers.Skip(1).Select(container => TransferAsync(containers[0], container)));

        // It may send all of them to one socket (once in 81 times), but not however many more there are.
        for (int more = 0; more < 20 && !AreSpread(hub); more++)
        {
            UdpNode node = await cluster.AddNodeAsync(cluster.Lab.AddHost());
            cluster.Meet();
            await TransferAsync(containers[0], node.AddContainer());
        }

        Assert.Equal(Pairs, hub.Network.Sent.Threads.Count);
        Assert.True(AreSpread(hub), "several threads sent, and several received");
        // The last packets of a connection are still on their way, and a thread counts after it wrote.
        await hub.EventuallyAsync(() => hub.Network.Sent.Packets == hub.Network.GetStatistics().Sum(static peer => peer.Value.SentPackets)
            && hub.Network.Received.Packets == hub.Network.GetStatistics().Sum(static peer => peer.Value.ReceivedPackets));
        TrafficTests.AssertNothingDropped(hub);
    }

    private static Task TransferAsync(LabContainer one, LabContainer other) => Task.WhenAll(
        TcpTransfer.RunAsync(one, other, other.Address!, Transfer), TcpTransfer.RunAsync(other, one, one.Address!, Transfer));

    private static bool AreSpread(UdpNode node) =>
        node.Network.Sent.Threads.Count(static thread => thread.Packets > 0) > 1
            && node.Network.Received.Threads.Count(static thread => thread.Packets > 0) > 1;

    [NetnsFact]
    public async Task Datagrams_OfOneFlow_ArriveInOrder()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync(ipv6: true, options: new UdpBackendOptions { ThreadPairs = Pairs });
        LabContainer[] containers = cluster.AddContainers();
        IPAddress[] addresses = [containers[1].Address!, containers[1].AddressIPv6!];

        foreach (IPAddress address in addresses)
        {
            UdpExchange[] flows = [.. Enumerable.Range(0, 8).Select(_ => new UdpExchange(containers[0], containers[1], address))];
            await Task.WhenAll(flows.Select(static flow => flow.CheckBurstAsync(
                UdpExchange.Datagrams([.. Enumerable.Range(0, 100).Select(static index => index % 3 == 0 ? 200 : 1 + (index % 40))]))));
            foreach (UdpExchange flow in flows) flow.Dispose();
        }
    }

    [NetnsFact]
    public async Task Device_Deleted_IsMadeAnewWithAllItsQueues()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync(options: new UdpBackendOptions { ThreadPairs = Pairs });
        UdpNode node = cluster.Nodes[0];
        var before = node.DataPath;

        await node.Host.ExecAsync("ip", "link", "delete", node.Device);
        await node.WaitAsync(status => node.Network.DataPath is { } after && after != before && status.IsConverged);
        LabContainer[] containers = cluster.AddContainers();
        await TcpTransfer.RunAsync(containers[0], containers[1], containers[1].Address!, Transfer);

        Assert.Equal(Pairs, node.DataPath.Sockets.Count);
    }
}
