using System.Net;
using System.Runtime.InteropServices;
using Flannel.Backends.Udp.DataPath;
using Flannel.Backends.Udp.Interop;
using Flannel.Backends.Udp.Sockets;
using Flannel.Backends.Udp.Tun;
using Flannel.Lab.Namespaces;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;

namespace Flannel.Backends.Udp.Tests.Support;

/// <summary>
/// A peer that behaves as flannel's udp does: one packet per system call, a TUN device without off-loads, a socket without UDP_GRO, a receive buffer
/// of the MTU that truncates what is longer, nothing below 20 bytes, one hop taken each way. It knows one other host. On request it sends out of
/// order.
/// </summary>
internal sealed unsafe class ReferencePeer : IAsyncDisposable
{
    private const int Mtu = 1472;

    /// <summary>When sending out of order, one packet of so many is held back.</summary>
    private const int HoldingInterval = 5;

    /// <summary>How many packets overtake the one that is held back, unless the device runs dry before.</summary>
    private const int Overtakers = 3;

    private readonly TunDevice _tun;
    private readonly UdpSocket _socket;
    private readonly Flannel.Backends.Udp.Sockets.SocketAddress _peer;
    private readonly bool _isReordering;
    private readonly StopSignal _stop = new();
    private readonly Thread[] _threads;
    private byte[]? _held;
    private int _overtakers;

    private ReferencePeer(TunDevice tun, UdpSocket socket, IPAddress peer, bool isReordering)
    {
        (_tun, _socket, _peer, _isReordering) = (tun, socket, new Flannel.Backends.Udp.Sockets.SocketAddress(peer, 8285), isReordering);
        _threads = [new Thread(Send), new Thread(Receive)];
        foreach (Thread thread in _threads) thread.Start();
    }

    public long Received { get; private set; }

    public long Truncated { get; private set; }

    public long TooShort { get; private set; }

    /// <summary>Datagrams that are not exactly one packet.</summary>
    public long WithWrongLength { get; private set; }

    /// <summary>Packets that left after one that came later.</summary>
    public long Reordered { get; private set; }

    public static ReferencePeer Start(LabHost host, int number, LabHost peer, bool isReordering = false)
    {
        TunDevice tun = host.Run(static () => TunDevice.Open(UdpOffloads.None));
        UdpSocket socket = host.Run(() => UdpSocket.Open(new IPEndPoint(host.Address!, 8285), UdpOffloads.None, 1 << 20, count: 1)[0]);
        Link link = host.Device(tun.Name);
        host.Netlink.ChangeLink(link.Index, new LinkChange { Mtu = Mtu, IsUp = true });
        host.Netlink.AddAddress(
            new InterfaceAddress { LinkIndex = link.Index, Address = UdpCluster.KeyOf(number).IPv4!.Value.BaseAddress, PrefixLength = 32 });
        host.Netlink.AddRoute(new() { Destination = IPNetwork.Parse("10.5.0.0/16"), LinkIndex = link.Index });
        return new ReferencePeer(tun, socket, peer.Address!, isReordering);
    }

    public ValueTask DisposeAsync()
    {
        _stop.Raise();
        foreach (Thread thread in _threads) thread.Join();
        _tun.Dispose();
        _socket.Dispose();
        _stop.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Send()
    {
        using var tun = new HeldDescriptor(_tun.Queues[0]);
        using var socket = new HeldDescriptor(_socket.Handle);
        byte* packet = stackalloc byte[Mtu];
        long count = 0;
        while (Wait(tun.Number))
        {
            while (Libc.read(tun.Number, packet, Mtu) is var length and > 0)
            {
                if (length < 20 || packet[0] >> 4 != 4 || !DecrementHopLimit(packet)) continue;
                if (_isReordering && count++ % HoldingInterval == 0)
                {
                    _held = new Span<byte>(packet, (int)length).ToArray();
                    continue;
                }

                SendTo(socket.Number, packet, length);
                if (_held is not null && ++_overtakers == Overtakers) LetGo(socket.Number);
            }

            LetGo(socket.Number); // nobody knows when more comes
        }
    }

    private void LetGo(int socket)
    {
        if (_held is null) return;
        fixed (byte* packet = _held) SendTo(socket, packet, _held.Length);
        if (_overtakers > 0) Reordered++;
        (_held, _overtakers) = (null, 0);
    }

    private void SendTo(int socket, byte* packet, nint length)
    {
        Flannel.Backends.Udp.Sockets.SocketAddress peer = _peer;
        var vector = new LinuxSocket.iovec { iov_base = packet, iov_len = (nuint)length };
        var message = new LinuxSocket.msghdr { msg_name = &peer, msg_namelen = peer.Length, msg_iov = &vector, msg_iovlen = 1 };
        Libc.sendmsg(socket, &message, 0);
    }

    private void Receive()
    {
        using var tun = new HeldDescriptor(_tun.Queues[0]);
        using var socket = new HeldDescriptor(_socket.Handle);
        byte* packet = stackalloc byte[Mtu];
        while (Wait(socket.Number))
        {
            var vector = new LinuxSocket.iovec { iov_base = packet, iov_len = Mtu };
            var message = new LinuxSocket.msghdr { msg_iov = &vector, msg_iovlen = 1 };
            nint length = Libc.recvmsg(socket.Number, &message, 0);
            if (length < 0) continue;
            Received++;
            if ((message.msg_flags & LinuxSocket.MSG_TRUNC) != 0) Truncated++;
            if (length < 20) TooShort++;
            if (length < 20 || !DecrementHopLimit(packet)) continue;
            if (((packet[2] << 8) | packet[3]) != length) WithWrongLength++;
            vector.iov_len = (nuint)length;
            Libc.writev(tun.Number, &vector, 1);
        }
    }

    private bool Wait(int descriptor)
    {
        using var stop = new HeldDescriptor(_stop.Handle);
        LinuxPoll.pollfd* set = stackalloc LinuxPoll.pollfd[2];
        set[0] = new LinuxPoll.pollfd { fd = descriptor, events = LinuxPoll.POLLIN };
        set[1] = new LinuxPoll.pollfd { fd = stop.Number, events = LinuxPoll.POLLIN };
        while (!_stop.IsRaised)
        {
            if (Libc.poll(set, 2, -1) < 0 && Marshal.GetLastPInvokeError() != LinuxErrno.EINTR) return false;
            if (set[0].revents != 0) return !_stop.IsRaised;
        }

        return false;
    }

    /// <summary>Takes a hop and computes the header's checksum anew, the long way.</summary>
    private static bool DecrementHopLimit(byte* packet)
    {
        if (--packet[8] == 0) return false;
        (packet[10], packet[11]) = (0, 0);
        uint sum = 0;
        for (int index = 0; index < (packet[0] & 15) * 4; index += 2) sum += (uint)((packet[index] << 8) | packet[index + 1]);
        while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
        (packet[10], packet[11]) = ((byte)(~sum >> 8), (byte)~sum);
        return true;
    }
}
