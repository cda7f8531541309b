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

    /// <summary>A host sends with its public address what it forwards for others, and what it sends itself where that is its address.</summary>
    [NetnsTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Packet_FromThePeersPublicAddress_IsTakenAndCountedAsThePeers(bool isForeignSourceAccepted)
    {
        await using UdpCluster cluster = UdpCluster.Create(hosts: 3);
        UdpNode node = await cluster.AddNodeAsync(
            cluster.Lab.Hosts[0], options: new UdpBackendOptions { AcceptForeignSources = isForeignSourceAccepted });
        Lease peer = UdpCluster.LeaseOf(cluster.Lab.Hosts[1], 2);
        node.Network.SetPeers([peer, UdpCluster.LeaseOf(cluster.Lab.Hosts[2], 3)]);

        await SendAsync(cluster.Lab.Hosts[1], node, InnerPacket.Udp(cluster.Lab.Hosts[1].Address!.ToString(), node.Address, 4711, Marker));
        await node.EventuallyAsync(() => node.Network.Received.DropsOf(PacketDrop.ForeignSource) + node.Network.Received.Packets == 1);
        Assert.Equal((1, 1), (node.Network.Received.Packets, node.Network.FindStatistics(peer.Key)!.ReceivedPackets));
        if (isForeignSourceAccepted) return;

        await SendAsync(cluster.Lab.Hosts[2], node, InnerPacket.Udp(cluster.Lab.Hosts[1].Address!.ToString(), node.Address, 4711, Marker));
        await node.EventuallyAsync(() => node.Network.Received.DropsOf(PacketDrop.ForeignSource) + node.Network.Received.Packets == 2);
        Assert.Equal(1, node.Network.Received.DropsOf(PacketDrop.ForeignSource));
    }

    /// <summary>Of IPv6 the kernel takes them all but ::1, and an IPv4 packet that it refuses is counted nowhere.</summary>
    [NetnsTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Packet_FromThisHost_IsDroppedWhateverIsAccepted(bool isStrangersPacket)
    {
        await using UdpCluster cluster = UdpCluster.Create(hosts: 3, dualStack: true);
        LabHost host = cluster.Lab.Hosts[0];
        await host.ExecAsync("ip", "addr", "add", "203.0.113.5/32", "dev", "lo");
        await host.ExecAsync("ip", "addr", "add", "2001:db8:7::5/128", "dev", "lo");
        var options = new UdpBackendOptions { AcceptForeignSources = true, AcceptForeignDestinations = true, AcceptUnknownSenders = true };
        UdpNode node = await cluster.AddNodeAsync(host, ipv6: true, options: options);
        node.Network.SetPeers([UdpCluster.LeaseOf(cluster.Lab.Hosts[1], 2)]);
        LabHost sender = cluster.Lab.Hosts[isStrangersPacket ? 2 : 1];
        string[] sources =
        [
            "10.5.1.9", node.Address.ToString(), host.Address!.ToString(), "203.0.113.5", "127.0.0.1", "127.1.2.3",
            "fd00:5:0:1::9", node.AddressIPv6.ToString(), host.AddressIPv6!.ToString(), "2001:db8:7::5", "::1",
        ];

        foreach (string source in sources) await SendAsync(sender, node, Packet(source));
        await node.EventuallyAsync(() => node.Network.Received.DropsOf(PacketDrop.ForeignSource) + node.Network.Received.Packets == sources.Length);
        Assert.Equal(sources.Length, node.Network.Received.DropsOf(PacketDrop.ForeignSource));

        await SendAsync(sender, node, Packet("198.51.100.8"));
        await SendAsync(sender, node, Packet("2001:db8::8"));
        await node.EventuallyAsync(() => node.Network.Received.Packets == 2);
        Assert.Equal(sources.Length, node.Network.Received.DropsOf(PacketDrop.ForeignSource));

        byte[] Packet(string source) => source.Contains(':', StringComparison.Ordinal)
            ? InnerPacket.Empty(IPAddress.Parse(source), node.AddressIPv6)
            : InnerPacket.Udp(source, node.Address, 4711, Marker);
    }

    [NetnsFact]
    public async Task Packet_FromAnAddressThatTheHostGetsLater_IsDropped()
    {
        await using UdpCluster cluster = UdpCluster.Create(dualStack: true);
        LabHost host = cluster.Lab.Hosts[0];
        UdpNode node = await cluster.AddNodeAsync(host, ipv6: true, options: new UdpBackendOptions { AcceptForeignSources = true });
        node.Network.SetPeers([UdpCluster.LeaseOf(cluster.Lab.Hosts[1], 2)]);
        byte[] packet = InnerPacket.Empty(IPAddress.Parse("2001:db8:7::5"), node.AddressIPv6);

        await host.ExecAsync("ip", "addr", "add", "2001:db8:7::5/128", "dev", "lo");
        await node.EventuallyAsync(() => SendUntilAsync(() => node.Network.Received.DropsOf(PacketDrop.ForeignSource) > 0));
        await host.ExecAsync("ip", "addr", "del", "2001:db8:7::5/128", "dev", "lo");
        long before = node.Network.Received.Packets;
        await node.EventuallyAsync(() => SendUntilAsync(() => node.Network.Received.Packets > before));

        async Task<bool> SendUntilAsync(Func<bool> isReached)
        {
            await SendAsync(cluster.Lab.Hosts[1], node, packet);
            return isReached();
        }
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
