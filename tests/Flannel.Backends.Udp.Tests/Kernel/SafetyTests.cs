using System.Net;
using System.Net.Sockets;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Tests.Support;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Backends.Udp.Tests.Kernel;

/// <summary>Who is no peer sends nothing into the overlay, a peer speaks for itself only, and nothing that arrives stops anything.</summary>
public sealed class SafetyTests
{
    private static readonly byte[] Marker = "a packet that should not be there"u8.ToArray();

    [NetnsTheory]
    [InlineData(false, 1L)]
    [InlineData(true, 0L)]
    public async Task Datagram_OfAHostThatIsNoPeer_IsDroppedAndCounted(bool isAccepted, long drops)
    {
        await using UdpCluster cluster = UdpCluster.Create(hosts: 3);
        UdpNode node = await cluster.AddNodeAsync(
            cluster.Lab.Hosts[0], options: new UdpBackendOptions { AcceptUnknownSenders = isAccepted }, guard: new GuardOptions { Enabled = false });
        node.Network.SetPeers([UdpCluster.LeaseOf(cluster.Lab.Hosts[1], 2)]);

        await SendAsync(cluster.Lab.Hosts[2], node, InnerPacket.Udp("10.5.2.9", node.Address, 4711, Marker));

        await node.EventuallyAsync(() => node.Network.Received.DropsOf(PacketDrop.UnknownSender) + node.Network.Received.Packets == 1);
        Assert.Equal(drops, node.Network.Received.DropsOf(PacketDrop.UnknownSender));
    }

    [NetnsTheory]
    [InlineData(false, 1L)]
    [InlineData(true, 0L)]
    public async Task Packet_FromOutsideThePeersSubnet_IsDroppedAndCounted(bool isAccepted, long drops)
    {
        await using UdpCluster cluster = UdpCluster.Create(hosts: 3);
        UdpNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0], options: new UdpBackendOptions { AcceptForeignSources = isAccepted });
        node.Network.SetPeers([UdpCluster.LeaseOf(cluster.Lab.Hosts[1], 2), UdpCluster.LeaseOf(cluster.Lab.Hosts[2], 3)]);

        await SendAsync(cluster.Lab.Hosts[2], node, InnerPacket.Udp("10.5.2.9", node.Address, 4711, Marker));

        await node.EventuallyAsync(() => node.Network.Received.DropsOf(PacketDrop.ForeignSource) + node.Network.Received.Packets == 1);
        Assert.Equal(drops, node.Network.Received.DropsOf(PacketDrop.ForeignSource));
    }

    [NetnsTheory]
    [InlineData(false, false, 1L)]
    [InlineData(false, true, 1L)]
    [InlineData(true, false, 0L)]
    public async Task Packet_ToOutsideTheOwnSubnet_IsDroppedAndCounted(bool isAccepted, bool isForeignSourceAccepted, long drops)
    {
        await using UdpCluster cluster = UdpCluster.Create(hosts: 3);
        var options = new UdpBackendOptions { AcceptForeignDestinations = isAccepted, AcceptForeignSources = isForeignSourceAccepted };
        UdpNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0], options: options);
        node.Network.SetPeers([UdpCluster.LeaseOf(cluster.Lab.Hosts[1], 2), UdpCluster.LeaseOf(cluster.Lab.Hosts[2], 3)]);
        string source = isForeignSourceAccepted ? "10.5.2.9" : "10.5.3.9";

        await SendAsync(cluster.Lab.Hosts[2], node, InnerPacket.Udp(source, cluster.Lab.Hosts[1].Address!, 4711, Marker));

        await node.EventuallyAsync(() => node.Network.Received.DropsOf(PacketDrop.ForeignDestination) + node.Network.Received.Packets == 1);
        Assert.Equal(drops, node.Network.Received.DropsOf(PacketDrop.ForeignDestination));
    }

    [NetnsFact]
    public async Task HostileDatagrams_BesideATransfer_DisturbNothing()
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync(hosts: 3);
        LabContainer[] containers = cluster.AddContainers();
        using var stop = new CancellationTokenSource();
        Task[] attacks = [.. cluster.Lab.Hosts.Skip(1).Select(host => Task.Run(() => AttackAsync(host, cluster.Nodes[0], stop.Token)))];

        await Task.WhenAll(
            TcpTransfer.RunAsync(containers[0], containers[1], containers[1].Address!, 16 << 20),
            TcpTransfer.RunAsync(containers[1], containers[0], containers[0].Address!, 16 << 20));
        await stop.CancelAsync();
        await Task.WhenAll(attacks);

        Assert.True(cluster.Nodes[0].Network.Received.DropsOf(PacketDrop.TooShort) > 0);
        Assert.True(cluster.Nodes[0].Network.Received.DropsOf(PacketDrop.BadLength) > 0);
        Assert.True((await containers[0].PingAsync(containers[1].Address!, new PingOptions { Count = 5 })).AllAnswered);
        Assert.Null(cluster.Nodes[0].DataPath.Fault);
    }

    /// <summary>From a peer's own address, so that nothing but the packets themselves speaks against them.</summary>
    private static async Task AttackAsync(LabHost host, UdpNode victim, CancellationToken stop)
    {
        using Socket socket = host.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        var target = new IPEndPoint(victim.Host.Address!, 8285);
        var random = new Random(7);
        byte[] valid = InnerPacket.Udp("10.5.2.9", victim.Address, 4711, new byte[300]);
        for (int round = 0; !stop.IsCancellationRequested; round++)
        {
            byte[] datagram = (round % 4) switch
            {
                0 => new byte[random.Next(0, 80)],
                1 => valid[..random.Next(1, valid.Length)],
                2 => [.. valid],
                _ => new byte[random.Next(1, 2000)],
            };
            if (round % 4 is 0 or 3) random.NextBytes(datagram);
            if (round % 4 == 2) datagram[random.Next(datagram.Length)] ^= (byte)random.Next(1, 256);
            await socket.SendToAsync(datagram, target, CancellationToken.None);
        }
    }

    private static async Task SendAsync(LabHost from, UdpNode to, byte[] datagram)
    {
        using Socket socket = from.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        await socket.SendToAsync(datagram, new IPEndPoint(to.Host.Address!, 8285));
    }
}
