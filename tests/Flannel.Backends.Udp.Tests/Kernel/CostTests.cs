using System.Diagnostics;
using Flannel.Backends.Udp.Tests.Support;
using Flannel.Lab.Leaks;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.Udp.Tests.Kernel;

/// <summary>What a data path costs: nothing on the managed heap while it runs, nothing at all when it has ended.</summary>
[Collection(nameof(RunsAlone))]
public sealed class CostTests
{
    /// <summary>
    /// The runtime counts in allocation contexts of this size, and a collection meanwhile cuts one short. One object per super-packet would be
    /// several times as much.
    /// </summary>
    private const long Noise = 8192;

    [NetnsFact]
    public async Task Threads_WhateverTheyCarry_AllocateTheSame()
    {
        await MeasureAsync(1 << 10);
        (long sent, long received) idle = await MeasureAsync(1 << 10);
        (long sent, long received) busy = await MeasureAsync(64 << 20);

        Assert.InRange(busy.sent - idle.sent, long.MinValue, Noise);
        Assert.InRange(busy.received - idle.received, long.MinValue, Noise);
    }

    [NetnsFact]
    public async Task Networks_StartedAndDisposed_LeaveNoThreadAndNoDescriptor()
    {
        await using UdpCluster cluster = UdpCluster.Create(1, dualStack: true);
        LabHost host = cluster.Lab.Hosts[0];
        await RoundAsync(host);
        LeakCheck check = LeakCheck.Start();

        for (int round = 0; round < 5; round++) await RoundAsync(host);
        await using (await UdpNode.CreateAsync(host, UdpCluster.ConfigOf()))
            await Assert.ThrowsAsync<UdpPortException>(() => UdpNode.CreateAsync(host, UdpCluster.ConfigOf()));

        await check.AssertNoneAsync();
    }

    [NetnsFact]
    public async Task Node_UnderLoad_StopsInLessThanASecond()
    {
        // A busy machine may stand still for a second now and then. A stop that waits for something takes too long every time.
        TimeSpan took = TimeSpan.MaxValue;
        for (int attempt = 0; attempt < 5 && took > TimeSpan.FromSeconds(1); attempt++)
            took = await TimeStopUnderLoadAsync();

        Assert.True(took < TimeSpan.FromSeconds(1), $"it took {took}");
    }

    private static async Task<TimeSpan> TimeStopUnderLoadAsync()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync();
        LabContainer[] containers = cluster.AddContainers();
        using var end = new CancellationTokenSource();
        Task transfer = TcpTransfer.RunAsync(containers[0], containers[1], containers[1].Address!, 1L << 40, cancellationToken: end.Token);
        UdpNode node = cluster.Nodes[0];
        await node.EventuallyAsync(() => node.Network.Sent.Packets > 1000 || transfer.IsCompleted);
        if (transfer.IsCompleted) await transfer;

        long start = Stopwatch.GetTimestamp();
        await cluster.StopAsync(node);
        TimeSpan took = Stopwatch.GetElapsedTime(start);

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => transfer);
        return took;
    }

    private static async Task<(long Sent, long Received)> MeasureAsync(long bytes)
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync();
        UdpNode node = cluster.Nodes[0];
        await Task.WhenAll(
            TcpTransfer.RunAsync(cluster.Nodes[0].Host, cluster.Nodes[1].Host, cluster.Nodes[1].Address, bytes),
            TcpTransfer.RunAsync(cluster.Nodes[1].Host, cluster.Nodes[0].Host, cluster.Nodes[0].Address, bytes));
        await cluster.StopAsync(node);
        return (node.Network.Sent.AllocatedBytes, node.Network.Received.AllocatedBytes);
    }

    private static async Task RoundAsync(LabHost host)
    {
        await using UdpNode node = await UdpNode.StartAsync(host, 1, UdpCluster.ConfigOf(ipv6: true), new UdpBackendOptions { ThreadPairs = 2 });
        node.Network.SetPeers([UdpCluster.LeaseOf(host, 2)]);
    }
}
