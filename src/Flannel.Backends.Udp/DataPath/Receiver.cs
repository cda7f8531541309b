using System.Runtime.InteropServices;
using Flannel.Backends.Udp.Coalescing;
using Flannel.Backends.Udp.Interop;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Peers;
using Flannel.Backends.Udp.Sockets;
using static Flannel.Backends.Udp.Interop.LinuxSocket;

namespace Flannel.Backends.Udp.DataPath;

/// <summary>
/// The thread that takes datagrams from the sockets and writes their packets to the TUN device. A write runs the kernel's whole receiving side, so it
/// has a dedicated thread. What arrived together and belongs together is written together; nothing waits for company.
/// </summary>
/// <remarks>
/// A datagram's way: 1 <see cref="Drain"/> takes as many as one system call brings; 2 <see cref="Take"/> parses each packet, checks that its sender
/// may send it and that it is for this host's subnet, and lowers its hop limit; 3 the <see cref="Coalescer"/> joins what belongs together; 4
/// <see cref="WriteOut"/> writes the joined packets to the device.
/// </remarks>
internal sealed unsafe class Receiver
{
    private readonly QueuePair _queues;
    private readonly PeerTableCell _peers;
    private readonly DataPathSettings _settings;
    private readonly OffloadState _offloads;
    private readonly StopSignal _stop;
    private readonly ThreadCounters _counters;
    private readonly BusyPoll _busyPoll;
    private readonly TimeProvider _time;
    private readonly Coalescer _coalescer;

    /// <summary>Prepares the thread's work.</summary>
    /// <param name="queues">Where packets come from and go to.</param>
    /// <param name="peers">Who may send what.</param>
    /// <param name="settings">What does not change.</param>
    /// <param name="offloads">What may be used.</param>
    /// <param name="counters">Where the thread counts.</param>
    /// <param name="busyPoll">Whether to look again before sleeping.</param>
    /// <param name="time">The clock.</param>
    public Receiver(
        QueuePair queues,
        PeerTableCell peers,
        DataPathSettings settings,
        OffloadState offloads,
        ThreadCounters counters,
        BusyPoll busyPoll,
        TimeProvider time)
    {
        (_queues, _peers, _settings, _offloads, _stop) = (queues, peers, settings, offloads, queues.Stop);
        (_counters, _busyPoll, _time) = (counters, busyPoll, time);
        _coalescer = new Coalescer(new CoalescingLimits { Tcp = offloads.Has(UdpOffloads.WriteTcp), Udp = offloads.Has(UdpOffloads.WriteUdp) });
    }

    /// <summary>The thread's work. Returns when the stop signal is raised, or when the device or a socket is gone.</summary>
    /// <returns>The error that ended it; 0 for the stop signal.</returns>
    public int Run()
    {
        using var tun = new HeldDescriptor(_queues.Tun);
        using var socket = new HeldDescriptor(_queues.Socket?.Handle);
        using var socket6 = new HeldDescriptor(_queues.SocketIPv6?.Handle);
        using var stop = new HeldDescriptor(_stop.Handle);
        using var batch = new ReceiveBatch();
        using var replies = new ReplyWriter(_settings, _time);
        LinuxPoll.pollfd* set = stackalloc LinuxPoll.pollfd[3];
        set[0] = new LinuxPoll.pollfd { fd = socket.Number, events = LinuxPoll.POLLIN };
        set[1] = new LinuxPoll.pollfd { fd = socket6.Number, events = LinuxPoll.POLLIN };
        set[2] = new LinuxPoll.pollfd { fd = stop.Number, events = LinuxPoll.POLLIN };
        while (!_stop.IsRaised)
        {
            bool isReady = socket.Number >= 0, isReady6 = socket6.Number >= 0;
            if (!_busyPoll.ShallLookAgain())
            {
                _counters.Waits++;
                if (Libc.poll(set, 3, -1) < 0)
                {
                    int errno = Marshal.GetLastPInvokeError();
                    if (errno != LinuxErrno.EINTR) return errno;
                    continue;
                }

                (isReady, isReady6) = (set[0].revents != 0, set[1].revents != 0);
            }

            // Both are emptied in turn: neither family keeps the other waiting.
            while ((isReady || isReady6) && !_stop.IsRaised)
            {
                if (isReady && Drain(socket.Number, tun.Number, batch, replies, ref isReady) is var errno && errno != 0) return errno;
                if (isReady6 && Drain(socket6.Number, tun.Number, batch, replies, ref isReady6) is var errno6 && errno6 != 0) return errno6;
            }
        }

        return 0;
    }

    /// <summary>One system call's worth of datagrams, from the socket to the device.</summary>
    private int Drain(int socket, int tun, ReceiveBatch batch, ReplyWriter replies, ref bool isReady)
    {
        _counters.Reads++;
        int count = batch.Receive(socket, _offloads.Has(UdpOffloads.ReceiveBatches));
        if (count < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            switch (errno)
            {
                case LinuxErrno.EAGAIN:
                    isReady = false;
                    return 0;
                case LinuxErrno.EINTR or LinuxErrno.ECONNREFUSED or LinuxErrno.EHOSTUNREACH or LinuxErrno.ENETUNREACH or LinuxErrno.ENOMEM
                    or LinuxErrno.ENOBUFS:
                    return 0;
                case LinuxErrno.ENOSYS when _offloads.Has(UdpOffloads.ReceiveBatches):
                    _offloads.GiveUp(UdpOffloads.ReceiveBatches, errno);
                    return 0;
                default:
                    return errno;
            }
        }

        _busyPoll.Found();
        PeerTable peers = _peers.Current;
        for (int index = 0; index < count; index++)
        {
            byte* start = batch.PayloadAt(index, out int length, out int segment, out bool isTruncated);
            SocketAddress* sender = batch.SenderAt(index);
            if (isTruncated)
            {
                _counters.Drop(PacketDrop.Oversized);
                continue;
            }

            for (int offset = 0; offset < length; offset += segment)
            {
                int errno = Take(start + offset, Math.Min(segment, length - offset), *sender, peers, replies, socket, tun);
                if (errno != 0) return errno;
            }
        }

        isReady = batch.IsMoreLikely(count);
        return WriteOut(tun);
    }

    private int Take(byte* start, int length, in SocketAddress sender, PeerTable peers, ReplyWriter replies, int socket, int tun)
    {
        PacketDrop drop = IpPacket.Parse(start, length, out IpPacket packet);
        PeerEndpoint? peer = null;
        if (drop == PacketDrop.None) drop = Check(sender, packet, peers, out peer);
        if (drop == PacketDrop.None && (drop = packet.DecrementHopLimit()) == PacketDrop.HopLimitExceeded)
            Answer(drop, packet, sender, replies, socket);
        if (drop != PacketDrop.None)
        {
            _counters.Drop(drop);
            return 0;
        }

        if (!_coalescer.Add(packet))
        {
            int errno = WriteOut(tun);
            if (errno != 0) return errno;
            _coalescer.Add(packet);
        }

        if (peer is null) return 0;
        ref PeerCounters counters = ref peer.Counters[_counters.Pair];
        counters.ReceivedPackets++;
        counters.ReceivedBytes += packet.Length;
        return 0;
    }

    private PacketDrop Check(in SocketAddress sender, in IpPacket packet, PeerTable peers, out PeerEndpoint? peer)
    {
        PacketDrop drop = peers.CheckSource(sender, packet, out peer);
        if (drop != PacketDrop.None && (drop = CheckForeign(drop, packet, peers)) != PacketDrop.None) return drop;
        return _settings.AcceptForeignDestinations || _settings.Own.HasDestination(packet) ? PacketDrop.None : PacketDrop.ForeignDestination;
    }

    /// <summary>
    /// What the options say of a packet whose sender is no peer, or has another source. What is this host's is nobody else's in any case.
    /// </summary>
    private PacketDrop CheckForeign(PacketDrop drop, in IpPacket packet, PeerTable peers)
    {
        if (drop == PacketDrop.UnknownSender && !_settings.AcceptUnknownSenders) return drop;
        bool isAccepted = _settings.AcceptForeignSources
            ? !_settings.Own.HasSource(packet) && !_settings.HostAddresses.HasSource(packet)
            : drop == PacketDrop.UnknownSender && peers.HasSource(packet);
        return isAccepted ? PacketDrop.None : PacketDrop.ForeignSource;
    }

    /// <summary>Writes the batch to the device.</summary>
    /// <returns>The error that ends the thread; 0 if it goes on.</returns>
    private int WriteOut(int tun)
    {
        int skipped = _queues.HasVirtioHeader ? 0 : 1;
        while (_coalescer.TryTake(out GatheredWrite write))
        {
            _counters.Writes++;
            if (Libc.writev(tun, write.Vectors + skipped, write.VectorCount - skipped) >= 0)
            {
                _counters.Packets += write.Packets;
                _counters.Bytes += write.Length;
                continue;
            }

            int errno = Marshal.GetLastPInvokeError();
            switch (errno)
            {
                case LinuxErrno.EINTR or LinuxErrno.EINVAL when write.Packets > 1:
                    if (errno == LinuxErrno.EINVAL) GiveUpWriting(errno);
                    _coalescer.TakeAgainOneByOne();
                    break;
                case LinuxErrno.EBADFD or LinuxErrno.EBADF:
                    _coalescer.Clear();
                    return errno;
                default:
                    // EIO: the device is down; whoever set it down is dealt with elsewhere.
                    _counters.Drop(PacketDrop.Refused, write.Packets);
                    break;
            }
        }

        return 0;
    }

    private void GiveUpWriting(int errno)
    {
        _coalescer.IsEnabled = false;
        _offloads.GiveUp(UdpOffloads.WriteTcp | UdpOffloads.WriteUdp, errno);
    }

    /// <summary>Tells the packet's source, back through the peer that it came from.</summary>
    private void Answer(PacketDrop reason, in IpPacket offender, in SocketAddress sender, ReplyWriter replies, int socket)
    {
        int length = replies.Write(reason, offender);
        if (length == 0) return;
        var vector = new iovec { iov_base = replies.Start, iov_len = (nuint)length };
        SocketAddress address = sender;
        var message = new msghdr { msg_name = &address, msg_namelen = address.Length, msg_iov = &vector, msg_iovlen = 1 };
        if (Libc.sendmsg(socket, &message, MSG_DONTWAIT) > 0) _counters.Replies++;
    }
}
