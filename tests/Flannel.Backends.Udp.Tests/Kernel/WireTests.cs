using System.Net;
using System.Net.Sockets;
using Flannel.Backends.Udp.Tests.Support;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Backends.Udp.Tests.Kernel;

/// <summary>What is on the wire is what flannel puts there, and flannel's receiver gets along with it.</summary>
public sealed class WireTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [NetnsFact]
    public async Task Datagram_OnTheWire_IsTheBarePacketWithTwoHopsTaken()
    {
        await using UdpCluster cluster = UdpCluster.Create();
        UdpNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0]);
        node.Network.SetPeers([UdpCluster.LeaseOf(cluster.Lab.Hosts[1], 2)]);
        LabContainer container = node.AddContainer();
        using Socket wire = Listen(cluster.Lab.Hosts[1]);
        using Socket sender = container.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        sender.Bind(new IPEndPoint(IPAddress.Any, 5555));
        byte[] payload = UdpExchange.Datagrams(333)[0];

        await sender.SendToAsync(payload, new IPEndPoint(IPAddress.Parse("10.5.2.9"), 4711));
        (byte[] datagram, IPEndPoint from) = await ReceiveAsync(wire);

        // The host's kernel takes one hop, we take the other, as flannel does. The kernel chose identification and flags.
        ushort id = (ushort)((datagram[4] << 8) | datagram[5]);
        ushort flags = (ushort)((datagram[6] << 8) | datagram[7]);
        Assert.Equal(InnerPacket.Udp(container.Address!.ToString(), IPAddress.Parse("10.5.2.9"), 4711, payload, ttl: 62, id, flags), datagram);
        Assert.Equal(new IPEndPoint(cluster.Lab.Hosts[0].Address!, 8285), from);
    }

    [NetnsFact]
    public async Task Transfer_OnTheWire_IsDatagramsThatEachHoldOnePacketOfAtMostTheMtu()
    {
        await using UdpCluster cluster = UdpCluster.Create();
        UdpNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0]);
        LabContainer container = node.AddContainer();
        await using var reference = ReferencePeer.Start(cluster.Lab.Hosts[1], 2, cluster.Lab.Hosts[0]);
        node.Network.SetPeers([UdpCluster.LeaseOf(cluster.Lab.Hosts[1], 2)]);

        await TcpTransfer.RunAsync(container, cluster.Lab.Hosts[1], IPAddress.Parse("10.5.2.0"), 4 << 20);
        await TcpTransfer.RunAsync(cluster.Lab.Hosts[1], container, container.Address!, 4 << 20);

        Assert.True(reference.Received > (4 << 20) / 1472);
        Assert.Equal(0, reference.Truncated);
        Assert.Equal(0, reference.TooShort);
        Assert.Equal(0, reference.WithWrongLength);
        PingReport exact = await container.PingAsync(
            IPAddress.Parse("10.5.2.0"), new PingOptions { PacketSize = 1472, DontFragment = true, Count = 3 });
        Assert.True(exact.AllAnswered, exact.ToString());
        using var exchange = new UdpExchange(container, cluster.Lab.Hosts[1], IPAddress.Parse("10.5.2.0"));
        await exchange.CheckAsync(UdpExchange.Datagrams(1, 1444, 1445, 9000));
    }

    [NetnsFact]
    public async Task Destination_WithoutAPeer_IsAnsweredAsFlannelDoes()
    {
        await using UdpCluster cluster = UdpCluster.Create();
        UdpNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0]);
        LabContainer container = node.AddContainer();
        using Socket errors = ListenToErrors(container);
        using Socket sender = container.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));

        await sender.SendToAsync(new byte[100], new IPEndPoint(IPAddress.Parse("10.5.77.1"), 4711));
        (byte[] answer, IPEndPoint from) = await ReceiveAsync(errors);

        Assert.Equal(node.Address, from.Address);
        Assert.Equal(7, answer[8]); // flannel sends it with 8, the host's kernel took one
        Assert.Equal((3, 0), (answer[20], answer[21])); // destination unreachable, net
        Assert.Equal(20 + 8 + 20 + 8, answer.Length);
        Assert.Equal([10, 5, 77, 1], answer[44..48]);
    }

    [NetnsFact]
    public async Task DestinationOfIPv6_WithoutAPeer_IsAnswered()
    {
        await using UdpCluster cluster = UdpCluster.Create(1, dualStack: true);
        UdpNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0], ipv6: true);
        LabContainer container = node.AddContainer();
        using Socket errors = container.Run(static () => new Socket(AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.IcmpV6));
        errors.Bind(new IPEndPoint(container.AddressIPv6!, 0));
        using Socket sender = container.Run(static () => new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp));
        byte[] answer;
        IPEndPoint from;

        await sender.SendToAsync(new byte[100], new IPEndPoint(IPAddress.Parse("fd00:5:0:77::1"), 4711));
        do (answer, from) = await ReceiveAsync(errors, AddressFamily.InterNetworkV6); // neighbour discovery comes this way, too
        while (answer[0] >= 128);

        Assert.Equal((1, 0), (answer[0], answer[1])); // destination unreachable, no route
        Assert.Equal(node.AddressIPv6, from.Address);
    }

    [NetnsTheory]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    public async Task HopLimit_UsedUp_IsAnsweredByWhoeverTookTheLastHop(short ttl, int answering)
    {
        await using UdpCluster cluster = await UdpCluster.StartAsync();
        LabContainer[] containers = cluster.AddContainers();
        using Socket errors = ListenToErrors(containers[0]);
        using Socket sender = containers[0].Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        sender.Ttl = ttl;

        await sender.SendToAsync(new byte[100], new IPEndPoint(containers[1].Address!, 4711));
        (byte[] answer, IPEndPoint from) = await ReceiveAsync(errors);

        Assert.Equal(cluster.Nodes[answering - 1].Address, from.Address);
        Assert.Equal((11, 0), (answer[20], answer[21])); // time exceeded in transit
    }

    private static Socket Listen(LabHost host)
    {
        Socket socket = host.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.Bind(new IPEndPoint(host.Address!, 8285));
        return socket;
    }

    private static Socket ListenToErrors(LabContainer container)
    {
        Socket socket = container.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Icmp));
        socket.Bind(new IPEndPoint(container.Address!, 0));
        return socket;
    }

    private static async Task<(byte[] Datagram, IPEndPoint From)> ReceiveAsync(
        Socket socket, AddressFamily family = AddressFamily.InterNetwork)
    {
        using var limit = new CancellationTokenSource(Deadline);
        byte[] buffer = new byte[65536];
        SocketReceiveFromResult result = await socket.ReceiveFromAsync(
            buffer, new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0), limit.Token);
        return (buffer[..result.ReceivedBytes], (IPEndPoint)result.RemoteEndPoint);
    }
}
