using System.Runtime.InteropServices;
using Flannel.Backends.Udp.Checksums;
using Flannel.Backends.Udp.Interop;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Peers;
using Flannel.Backends.Udp.Segmentation;
using static Flannel.Backends.Udp.Interop.LinuxVirtioNet;

namespace Flannel.Backends.Udp.DataPath;

/// <summary>
/// The thread that takes packets from the TUN device and sends them to peers. It reads until the device is empty, so that packets to one peer travel
/// together, and then sends at once: nothing ever waits for company that is not there yet.
/// </summary>
/// <remarks>
/// A packet's way: 1 <see cref="Run"/> reads it from the device; 2 <see cref="Take"/> parses it, finds its peer and lowers its hop limit; 3
/// <see cref="Queue"/> completes its checksum, or plans how a super-packet is cut, and adds it to its address family's <see cref="SendBatch"/>; 4 the
/// batch sends as many as one system call takes. A packet that cannot travel on is counted, and <see cref="Answer"/> tells its source.
/// </remarks>
internal sealed unsafe class Sender
{
    /// <summary>The longest packet, and room to read it at an address that suits the processor.</summary>
    private const int SlotBytes = 65536 + 128;

    /// <summary>
    /// Small packets are read one behind the other. A super-packet is sent before the next read, while it is in the processor's cache.
    /// </summary>
    private const int MemoryBytes = 4 * SlotBytes;

    /// <summary>The header of ten bytes ends where an IP header is best placed.</summary>
    private const int Alignment = 64;
    private const int HeaderRoom = 16;

    private readonly QueuePair _queues;
    private readonly PeerTableCell _peers;
    private readonly DataPathSettings _settings;
    private readonly OffloadState _offloads;
    private readonly StopSignal _stop;
    private readonly ThreadCounters _counters;
    private readonly BusyPoll _busyPoll;
    private readonly TimeProvider _time;
    private readonly int _headerLength;

    /// <summary>Prepares the thread's work.</summary>
    /// <param name="queues">Where packets come from and go to.</param>
    /// <param name="peers">The peers by destination.</param>
    /// <param name="settings">What does not change.</param>
    /// <param name="offloads">What may be used.</param>
    /// <param name="counters">Where the thread counts.</param>
    /// <param name="busyPoll">Whether to look again before sleeping.</param>
    /// <param name="time">The clock.</param>
    public Sender(
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
        _headerLength = queues.HasVirtioHeader ? sizeof(virtio_net_hdr) : 0;
    }

    /// <summary>The thread's work. Returns when the stop signal is raised, or when the device is gone.</summary>
    /// <returns>The error that ended it; 0 for the stop signal.</returns>
    public int Run()
    {
        using var tun = new HeldDescriptor(_queues.Tun);
        using var socket = new HeldDescriptor(_queues.Socket?.Handle);
        using var socket6 = new HeldDescriptor(_queues.SocketIPv6?.Handle);
        using var stop = new HeldDescriptor(_stop.Handle);
        using var memory = new NativeBuffer(MemoryBytes);
        using var replies = new ReplyWriter(_settings, _time);
        using var batch = new SendBatch(socket.Number, stop.Number, _stop, _offloads, _counters);
        using var batch6 = new SendBatch(socket6.Number, stop.Number, _stop, _offloads, _counters);
        var outlets = new Outlets(batch, batch6, replies, tun.Number);

        byte* end = memory.Start + MemoryBytes - SlotBytes;
        byte* slot = memory.Start;
        int drained = 0;
        PeerTable peers = _peers.Current;
        while (!_stop.IsRaised)
        {
            byte* packet = slot + HeaderRoom;
            nint read = Libc.read(tun.Number, packet - _headerLength, SlotBytes - HeaderRoom);
            _counters.Reads++;
            if (read > _headerLength)
            {
                _busyPoll.Found();
                var offload = _headerLength == 0 ? default : *(virtio_net_hdr*)(packet - _headerLength);
                int length = (int)read - _headerLength;
                Take(packet, length, offload, peers, outlets);
                if (offload.gso_type != VIRTIO_NET_HDR_GSO_NONE)
                {
                    batch.FlushComplete();
                    batch6.FlushComplete();
                    slot = memory.Start;
                    peers = _peers.Current;
                    continue;
                }

                slot += (HeaderRoom + length + Alignment - 1) & ~(Alignment - 1);
                if (slot <= end && ++drained < SendBatch.MaximumSegments) continue;
            }
            else if (read < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno == LinuxErrno.EINTR) continue;
                if (errno != LinuxErrno.EAGAIN) return errno;
            }

            batch.Flush();
            batch6.Flush();
            slot = memory.Start;
            drained = 0;
            if (read < 0 && !_busyPoll.ShallLookAgain())
            {
                int errno = Wait(tun.Number, stop.Number);
                if (errno != 0) return errno;
            }

            peers = _peers.Current;
        }

        return 0;
    }

    private void Take(byte* start, int length, in virtio_net_hdr offload, PeerTable peers, in Outlets outlets)
    {
        PacketDrop drop = IpPacket.Parse(start, length, out IpPacket packet);
        if (drop != PacketDrop.None)
        {
            _counters.Drop(drop);
            return;
        }

        PeerEndpoint? peer = peers.FindDestination(packet);
        drop = peer is null ? PacketDrop.NoRoute : packet.DecrementHopLimit();
        if (drop == PacketDrop.None) drop = Queue(peer!, packet, offload, peer!.Address.IsIPv6 ? outlets.BatchIPv6 : outlets.Batch);
        if (drop == PacketDrop.None) return;
        _counters.Drop(drop);
        Answer(drop, packet, outlets.Replies, outlets.Tun);
    }

    private PacketDrop Queue(PeerEndpoint peer, in IpPacket packet, in virtio_net_hdr offload, SendBatch batch)
    {
        PacketDrop drop;
        if (offload.gso_type == VIRTIO_NET_HDR_GSO_NONE)
        {
            if (packet.Length > _settings.Mtu) return PacketDrop.Oversized;
            drop = (offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0
                ? PacketDrop.None
                : InternetChecksum.Complete(packet, offload.csum_start, offload.csum_offset);
            if (drop == PacketDrop.None) batch.Add(peer, packet);
        }
        else
        {
            drop = SegmentPlan.Create(offload, packet, _settings.Mtu, out SegmentPlan plan);
            if (drop == PacketDrop.None) batch.Add(peer, plan);
        }

        return drop;
    }

    /// <summary>Tells the packet's source, by what the kernel takes as received from the device.</summary>
    private void Answer(PacketDrop reason, in IpPacket offender, ReplyWriter replies, int tun)
    {
        int length = replies.Write(reason, offender);
        if (length == 0) return;
        virtio_net_hdr none = default;
        LinuxSocket.iovec* vectors = stackalloc LinuxSocket.iovec[2];
        vectors[0] = new LinuxSocket.iovec { iov_base = &none, iov_len = (nuint)_headerLength };
        vectors[1] = new LinuxSocket.iovec { iov_base = replies.Start, iov_len = (nuint)length };
        if (Libc.writev(tun, vectors, 2) > 0) _counters.Replies++;
    }

    private int Wait(int tun, int stop)
    {
        _counters.Waits++;
        LinuxPoll.pollfd* set = stackalloc LinuxPoll.pollfd[2];
        set[0] = new LinuxPoll.pollfd { fd = tun, events = LinuxPoll.POLLIN };
        set[1] = new LinuxPoll.pollfd { fd = stop, events = LinuxPoll.POLLIN };
        if (Libc.poll(set, 2, -1) < 0) return Marshal.GetLastPInvokeError() is var errno && errno == LinuxErrno.EINTR ? 0 : errno;
        return (set[0].revents & (LinuxPoll.POLLERR | LinuxPoll.POLLHUP | LinuxPoll.POLLNVAL)) != 0 ? LinuxErrno.EBADFD : 0;
    }

    /// <summary>Where a packet may go: to a peer over either family, or back to the device as an answer.</summary>
    private readonly record struct Outlets(SendBatch Batch, SendBatch BatchIPv6, ReplyWriter Replies, int Tun);
}
