using System.Net;
using System.Net.Sockets;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Backends.Udp.Tests.Kernel;

/// <summary>Packets cross the overlay.</summary>
public sealed class TrafficTests
{
    private const int Transfer = 24 << 20;

    [NetnsFact]
    public async Task TwoHosts_PingEachOther()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync();

        PingReport report = await cluster.Nodes[0].Host.PingAsync(cluster.Nodes[1].Address, new PingOptions { Count = 10 });

        Assert.True(report.AllAnswered, report.ToString());
        // A thread counts what it wrote after it wrote it: the answer may be here before.
        await cluster.Nodes[0].EventuallyAsync(() => cluster.Nodes[0].Network.Sent.Packets >= 10 && cluster.Nodes[0].Network.Received.Packets >= 10);
    }

    [NetnsTheory]
    [InlineData(true, false, 1472)]
    [InlineData(false, true, 1452)]
    [InlineData(true, true, 1452)]
    public async Task Containers_PacketOfExactlyTheMtu_CrossesAndOneByteMoreIsRefused(bool ipv4, bool ipv6, int mtu)
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync(ipv4: ipv4, ipv6: ipv6);
        Assert.All(cluster.Nodes, node => Assert.Equal(mtu, node.Network.Status.Mtu));
        LabContainer[] containers = [.. cluster.Nodes.Select(node => node.Host.AddContainer(node.Lease.Subnet, node.Lease.SubnetIPv6, mtu: 1500))];
        IPAddress?[] targets = [ipv4 ? containers[1].Address : null, ipv6 ? containers[1].AddressIPv6 : null];

        foreach (IPAddress target in targets.OfType<IPAddress>())
        {
            PingReport exact = await containers[0].PingAsync(target, new PingOptions { PacketSize = mtu, DontFragment = true, Count = 3 });
            PingReport more = await containers[0].PingAsync(target, new PingOptions { PacketSize = mtu + 1, DontFragment = true });

            Assert.True(exact.AllAnswered, exact.ToString());
            IcmpError error = Assert.Single(more.Errors);
            Assert.Equal((IcmpErrorKind.PacketTooBig, mtu), (error.Kind, error.Mtu));
        }
    }

    [NetnsTheory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Containers_TransferBothWays_ArrivesIntact(bool ipv4, bool ipv6)
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync(ipv4: ipv4, ipv6: ipv6);
        LabContainer[] containers = cluster.AddContainers();
        IPAddress[] addresses = [.. containers.Select(container => (ipv4 ? container.Address : container.AddressIPv6)!)];

        await Task.WhenAll(
            TcpTransfer.RunAsync(containers[0], containers[1], addresses[1], Transfer),
            TcpTransfer.RunAsync(containers[1], containers[0], addresses[0], Transfer));

        Assert.All(cluster.Nodes, static node => AssertNothingDropped(node));
        Assert.All(cluster.Nodes, static node => Assert.True(node.Network.Sent.Packets > 8 * node.Network.Sent.Writes, "sends carry many packets"));
        Assert.All(cluster.Nodes, static node => Assert.Equal(UdpOffloads.All, node.DataPath.Offloads.Current));
    }

    [NetnsFact]
    public async Task HostsThemselves_TransferBothWays_ArrivesIntact()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync();

        await Task.WhenAll(
            TcpTransfer.RunAsync(cluster.Nodes[0].Host, cluster.Nodes[1].Host, cluster.Nodes[1].Address, Transfer),
            TcpTransfer.RunAsync(cluster.Nodes[1].Host, cluster.Nodes[0].Host, cluster.Nodes[0].Address, Transfer));
    }

    [NetnsFact]
    public async Task Transfer_OfSmallSegments_ArrivesIntact()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync();
        LabContainer[] containers = cluster.AddContainers();

        // TCP_MAXSEG: far more segments than one send takes. The cast is how the BCL names an option it does not know.
        await TcpTransfer.RunAsync(
            containers[0], containers[1], containers[1].Address!, 2 << 20,
            static socket => socket.SetRawSocketOption(6, 2, BitConverter.GetBytes(100)));
    }

    [NetnsFact]
    public async Task Transfer_WithEcn_ArrivesIntact()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync();
        LabContainer[] containers = cluster.AddContainers();
        foreach (LabContainer container in containers) Assert.True(container.Run(static () => NetworkSysctl.Write("ipv4/tcp_ecn", "1")).IsOk);

        await TcpTransfer.RunAsync(containers[0], containers[1], containers[1].Address!, Transfer);

        AssertNothingDropped(cluster.Nodes[0]);
    }

    [NetnsTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Datagrams_OfManyLengths_ArriveInOrder(bool ipv4)
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync(ipv6: true);
        LabContainer[] containers = cluster.AddContainers();
        using var exchange = new UdpExchange(containers[0], containers[1], (ipv4 ? containers[1].Address : containers[1].AddressIPv6)!);

        await exchange.CheckAsync(UdpExchange.Datagrams(0, 1, 2, 7, 100, 1443, 1444, 1445, 3000, 9000, 65507));
        await exchange.CheckBurstAsync(
            UdpExchange.Datagrams([.. Enumerable.Range(0, 300).Select(static index => index % 3 == 0 ? 200 : 1 + (index % 40))]));
        await exchange.CheckBurstAsync(UdpExchange.Datagrams([.. Enumerable.Repeat(64, 500)]));
        await exchange.CheckSegmentedAsync(50, 64);
        await exchange.CheckSegmentedAsync(40, 1400);
        Assert.True(cluster.Nodes[0].Network.Sent.Packets > (long)cluster.Nodes[0].Host.Counters("flannel0").SentPackets, "super-packets were read");
    }

    [NetnsFact]
    public async Task Datagrams_WithoutChecksumAndWithEcn_Arrive()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync();
        LabContainer[] containers = cluster.AddContainers();
        using var exchange = new UdpExchange(containers[0], containers[1], containers[1].Address!);
        exchange.Sender.SetRawSocketOption(1, 11, BitConverter.GetBytes(1)); // SO_NO_CHECK
        exchange.Sender.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.TypeOfService, 2); // ECT(0)

        await exchange.CheckBurstAsync(UdpExchange.Datagrams([.. Enumerable.Repeat(100, 50), 4000]));
    }

    [NetnsFact]
    public async Task Counters_OfAPeer_CountItsPacketsOnly()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync(hosts: 3);

        await cluster.Nodes[0].Host.PingAsync(cluster.Nodes[1].Address, new PingOptions { Count = 10, PacketSize = 100 });

        await cluster.Nodes[0].EventuallyAsync(() => cluster.Nodes[0].Network.FindStatistics(cluster.Nodes[1].Lease.Key)!.SentPackets >= 10);
        var statistics = cluster.Nodes[0].Network.FindStatistics(cluster.Nodes[1].Lease.Key);
        Assert.Equal((10, 1000, 10, 1000), (statistics!.SentPackets, statistics.SentBytes, statistics.ReceivedPackets, statistics.ReceivedBytes));
        Assert.Equal(0, cluster.Nodes[0].Network.FindStatistics(cluster.Nodes[2].Lease.Key)!.SentPackets);
    }

    internal static void AssertNothingDropped(UdpNode node)
    {
        foreach (PacketDrop reason in Enum.GetValues<PacketDrop>())
        {
            if (reason == PacketDrop.NoRoute) continue; // the kernel's own multicast, about its groups and routers
            Assert.True(node.Network.Sent.DropsOf(reason) == 0, $"{node.Network.Sent.DropsOf(reason)} x {reason} while sending");
            Assert.True(node.Network.Received.DropsOf(reason) == 0, $"{node.Network.Received.DropsOf(reason)} x {reason} while receiving");
        }
    }
}
