using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Flannel.Backends.Udp.Interop;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Peers;
using Flannel.Backends.Udp.Segmentation;
using Flannel.Backends.Udp.Sockets;
using static Flannel.Backends.Udp.Interop.LinuxSocket;

namespace Flannel.Backends.Udp.DataPath;

/// <summary>
/// Datagrams that wait for the next system call of one socket. Packets of one length to one peer become one message that the kernel cuts apart
/// (<c>UDP_SEGMENT</c>); messages to different peers go in one call. The packets stay where they are and must until <see cref="Flush"/>.
/// </summary>
internal sealed unsafe class SendBatch : IDisposable
{
    /// <summary>The most that UDP over IPv4 carries: 65535 less both headers. The kernel counts a whole message, not a segment.</summary>
    public const int MaximumBytes = 65507;

    /// <summary>One less than kernels before 6.9 say: they count the headers of a message against its segments.</summary>
    public const int MaximumSegments = UDP_MAX_SEGMENTS - 1;

    private const int MaximumMessages = 64;
    private const int VectorsPerMessage = 2 * (MaximumSegments + 1);
    private const int HeaderRoom = 128;
    private const int MaximumHeaders = 4 * (MaximumSegments + 1);

    /// <summary>How much may be set aside: copying more would cost more than sending it.</summary>
    private const int RestRoom = 12 * 1024;

    /// <summary>How many messages are looked through for one to the same peer.</summary>
    private const int LookBack = 8;

    private readonly int _socket;
    private readonly int _stop;
    private readonly StopSignal _stopSignal;
    private readonly OffloadState _offloads;
    private readonly ThreadCounters _counters;
    private readonly Message[] _messages = new Message[MaximumMessages];
    private readonly NativeBuffer _memory;
    private readonly mmsghdr* _headers;
    private readonly SocketAddress* _addresses;
    private readonly byte* _controls;
    private readonly iovec* _vectors;
    private readonly byte* _stamps;
    private readonly byte* _rest;
    private int _count;
    private int _stamped;

    /// <summary>Prepares everything that does not change from call to call.</summary>
    /// <param name="socket">The socket's number; the caller holds it.</param>
    /// <param name="stop">The number of the stop signal's descriptor; the caller holds it.</param>
    /// <param name="stopSignal">Ends waiting for room.</param>
    /// <param name="offloads">What may be used.</param>
    /// <param name="counters">Of the thread that sends.</param>
    public SendBatch(int socket, int stop, StopSignal stopSignal, OffloadState offloads, ThreadCounters counters)
    {
        (_socket, _stop, _stopSignal, _offloads, _counters) = (socket, stop, stopSignal, offloads, counters);
        int headers = MaximumMessages * sizeof(mmsghdr);
        int addresses = MaximumMessages * sizeof(SocketAddress);
        int controls = MaximumMessages * ControlRoom;
        int vectors = MaximumMessages * VectorsPerMessage * sizeof(iovec);
        _memory = new NativeBuffer(headers + addresses + controls + vectors + (MaximumHeaders * HeaderRoom) + RestRoom);
        _headers = (mmsghdr*)_memory.Start;
        _addresses = (SocketAddress*)(_memory.Start + headers);
        _controls = _memory.Start + headers + addresses;
        _vectors = (iovec*)(_controls + controls);
        _stamps = (byte*)_vectors + vectors;
        _rest = _stamps + (MaximumHeaders * HeaderRoom);
        for (int index = 0; index < MaximumMessages; index++)
        {
            _headers[index].msg_hdr.msg_name = _addresses + index;
            _headers[index].msg_hdr.msg_iov = _vectors + (index * VectorsPerMessage);
            var control = (cmsghdr*)(_controls + (index * ControlRoom));
            *control = new cmsghdr { cmsg_len = CMSG_LEN(sizeof(ushort)), cmsg_level = IPPROTO_UDP, cmsg_type = UDP_SEGMENT };
        }
    }

    private static int ControlRoom => (int)CMSG_SPACE(sizeof(ushort));

    /// <summary>Whether nothing waits.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>Adds one packet, to the last message to its peer if it fits there.</summary>
    public void Add(PeerEndpoint peer, in IpPacket packet)
    {
        int index = FindLast(peer);
        if (index < 0 || !CanExtend(_messages[index], packet.Length)) index = Begin(peer, packet.Length, vectorsPerSegment: 1);
        ref Message message = ref _messages[index];
        VectorsOf(index)[message.Segments++] = new iovec { iov_base = packet.Start, iov_len = (nuint)packet.Length };
        message.Bytes += packet.Length;
        message.IsOpen = packet.Length == message.SegmentSize;
    }

    /// <summary>
    /// Adds the segments of a super-packet. As many as fit go in one message, together with what <see cref="FlushComplete"/> left of the one before.
    /// </summary>
    public void Add(PeerEndpoint peer, in SegmentPlan plan)
    {
        int segmentSize = plan.HeaderLength + plan.SegmentSize;
        int perMessage = _offloads.Has(UdpOffloads.SendSegmentation) ? Math.Clamp(MaximumBytes / segmentSize, 1, MaximumSegments) : 1;
        for (int segment = 0; segment < plan.Count;)
        {
            if (_stamped + perMessage > MaximumHeaders) Flush();
            int index = FindLast(peer);
            bool isContinued = index >= 0 && _messages[index] is { IsOpen: true, VectorsPerSegment: 2 }
                && _messages[index].SegmentSize == segmentSize;
            if (!isContinued) index = Begin(peer, segmentSize, vectorsPerSegment: 2);
            segment = Fill(index, plan, segment, perMessage);
        }
    }

    /// <summary>Sends everything that waits. Afterwards the packets' memory is free.</summary>
    public void Flush()
    {
        Send(_count);
        _count = 0;
        _stamped = 0;
    }

    /// <summary>
    /// Sends everything but a few segments that a super-packet was longer than one message; those are set aside to travel with the next one. The
    /// kernel makes super-packets of 64 KB without outer headers, so of full-size segments nearly every one is a segment or two too long, and a
    /// separate message for these costs a whole pass through the kernel. Afterwards the packets' memory is free.
    /// </summary>
    public void FlushComplete()
    {
        int last = _count - 1;
        if (last <= 0 || _messages[last] is not { IsOpen: true, VectorsPerSegment: 2, Bytes: <= RestRoom })
        {
            Flush();
            return;
        }

        Send(last);
        SetAside(last);
    }

    public void Dispose() => _memory.Dispose();

    private void Send(int count)
    {
        for (int index = 0; index < count; index++) Complete(index);
        int sent = 0;
        while (sent < count)
        {
            int accepted = Send(_headers + sent, count - sent);
            if (accepted > 0)
            {
                for (int end = sent + accepted; sent < end; sent++) CountSent(_messages[sent], _messages[sent].Segments, _messages[sent].Bytes);
            }
            else if (!HandleSendError(Marshal.GetLastPInvokeError(), sent))
            {
                sent++;
            }
        }
    }

    /// <summary>Stamps segments into a message until it is full.</summary>
    /// <returns>The first segment that did not fit.</returns>
    private int Fill(int index, in SegmentPlan plan, int segment, int perMessage)
    {
        ref Message message = ref _messages[index];
        iovec* vectors = VectorsOf(index) + (2 * message.Segments);
        do
        {
            byte* header = _stamps + (_stamped++ * HeaderRoom);
            plan.StampHeader(segment, header);
            int payload = plan.PayloadLengthAt(segment);
            *vectors++ = new iovec { iov_base = header, iov_len = (nuint)plan.HeaderLength };
            *vectors++ = new iovec { iov_base = plan.PayloadAt(segment), iov_len = (nuint)payload };
            message.Segments++;
            message.Bytes += plan.HeaderLength + payload;
            message.IsOpen = payload == plan.SegmentSize && message.Segments < perMessage;
        }
        while (++segment < plan.Count && message.IsOpen);
        return segment;
    }

    /// <summary>Makes a message of segments the first, and copies what it is made of.</summary>
    private void SetAside(int index)
    {
        ref Message message = ref _messages[index];
        byte* rest = _rest;
        iovec* from = VectorsOf(index);
        iovec* to = VectorsOf(0);
        for (int vector = 0; vector < 2 * message.Segments; vector++)
        {
            uint length = (uint)from[vector].iov_len;
            Unsafe.CopyBlockUnaligned(rest, from[vector].iov_base, length);
            to[vector] = new iovec { iov_base = rest, iov_len = length };
            rest += length;
        }

        _messages[0] = message;
        _addresses[0] = _addresses[index];
        _count = 1;
        _stamped = 0;
    }

    private int FindLast(PeerEndpoint peer)
    {
        for (int index = _count - 1; index >= 0 && index >= _count - LookBack; index--)
        {
            if (ReferenceEquals(_messages[index].Peer, peer)) return index;
        }

        return -1;
    }

    private bool CanExtend(in Message message, int length) =>
        message.IsOpen && message.VectorsPerSegment == 1 && length <= message.SegmentSize && message.Segments < MaximumSegments
            && message.Bytes + length <= MaximumBytes
        && _offloads.Has(UdpOffloads.SendSegmentation);

    private int Begin(PeerEndpoint peer, int segmentSize, int vectorsPerSegment)
    {
        if (_count == MaximumMessages) Flush();
        int index = _count++;
        _messages[index] = new Message { Peer = peer, SegmentSize = segmentSize, VectorsPerSegment = vectorsPerSegment };
        _addresses[index] = peer.Address;
        return index;
    }

    private void Complete(int index)
    {
        ref Message message = ref _messages[index];
        ref msghdr header = ref _headers[index].msg_hdr;
        header.msg_namelen = _addresses[index].Length;
        header.msg_iovlen = (nuint)(message.Segments * message.VectorsPerSegment);
        bool isCut = message.Segments > 1;
        header.msg_control = isCut ? _controls + (index * ControlRoom) : null;
        header.msg_controllen = isCut ? CMSG_SPACE(sizeof(ushort)) : 0;
        if (isCut) *(ushort*)(_controls + (index * ControlRoom) + sizeof(cmsghdr)) = (ushort)message.SegmentSize;
    }

    /// <summary>One system call.</summary>
    /// <returns>How many messages the kernel took; less than one with an error.</returns>
    private int Send(mmsghdr* messages, int count)
    {
        _counters.Writes++;
        if (count > 1 && _offloads.Has(UdpOffloads.SendBatches)) return Libc.sendmmsg(_socket, messages, (uint)count, MSG_DONTWAIT);
        return Libc.sendmsg(_socket, &messages->msg_hdr, MSG_DONTWAIT) < 0 ? -1 : 1;
    }

    /// <summary>Deals with the message that the kernel refused.</summary>
    /// <returns>Whether to send it again as it is.</returns>
    private bool HandleSendError(int errno, int index)
    {
        switch (errno)
        {
            case LinuxErrno.EINTR:
                return true;
            case LinuxErrno.EAGAIN when !_stopSignal.IsRaised:
                WaitForRoom();
                return true;
            case LinuxErrno.ENOSYS when _offloads.Has(UdpOffloads.SendBatches):
                _offloads.GiveUp(UdpOffloads.SendBatches, errno);
                return true;
            case LinuxErrno.EIO or LinuxErrno.EINVAL or LinuxErrno.EMSGSIZE when _messages[index].Segments > 1:
                // EMSGSIZE is said of one peer, behind a narrow link; the others say that the egress device cannot do it at all.
                bool isCarried = SendOneByOne(index);
                if (isCarried && errno != LinuxErrno.EMSGSIZE) _offloads.GiveUp(UdpOffloads.SendSegmentation, errno);
                return false;
            default:
                _counters.Drop(errno == LinuxErrno.EMSGSIZE ? PacketDrop.Oversized : PacketDrop.Refused, _messages[index].Segments);
                return false;
        }
    }

    /// <summary>Sends the segments of a message as datagrams of their own, which the kernel may fragment.</summary>
    /// <returns>Whether the kernel took any.</returns>
    private bool SendOneByOne(int index)
    {
        ref Message message = ref _messages[index];
        mmsghdr single = _headers[index];
        single.msg_hdr.msg_control = null;
        single.msg_hdr.msg_controllen = 0;
        single.msg_hdr.msg_iovlen = (nuint)message.VectorsPerSegment;
        bool isCarried = false;
        for (int segment = 0; segment < message.Segments; segment++)
        {
            int bytes = 0;
            for (int vector = 0; vector < message.VectorsPerSegment; vector++) bytes += (int)single.msg_hdr.msg_iov[vector].iov_len;
            while (Send(&single, 1) < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno == LinuxErrno.EINTR) continue;
                if (errno == LinuxErrno.EAGAIN && !_stopSignal.IsRaised)
                {
                    WaitForRoom();
                    continue;
                }

                _counters.Drop(errno == LinuxErrno.EMSGSIZE ? PacketDrop.Oversized : PacketDrop.Refused);
                bytes = 0;
                break;
            }

            if (bytes > 0)
            {
                CountSent(message, 1, bytes);
                isCarried = true;
            }

            single.msg_hdr.msg_iov += message.VectorsPerSegment;
        }

        return isCarried;
    }

    /// <summary>The socket is full: the link is slower than we are. What waits in the TUN device waits with us.</summary>
    private void WaitForRoom()
    {
        LinuxPoll.pollfd* set = stackalloc LinuxPoll.pollfd[2];
        set[0] = new LinuxPoll.pollfd { fd = _socket, events = LinuxPoll.POLLOUT };
        set[1] = new LinuxPoll.pollfd { fd = _stop, events = LinuxPoll.POLLIN };
        Libc.poll(set, 2, -1);
    }

    private void CountSent(in Message message, int packets, int bytes)
    {
        _counters.Packets += packets;
        _counters.Bytes += bytes;
        ref PeerCounters counters = ref message.Peer.Counters[_counters.Pair];
        counters.SentPackets += packets;
        counters.SentBytes += bytes;
    }

    private iovec* VectorsOf(int index) => _vectors + (index * VectorsPerMessage);

    /// <summary>One message of the batch.</summary>
    private struct Message
    {
        public PeerEndpoint Peer;
        public int Segments;
        public int SegmentSize;
        public int VectorsPerSegment;
        public int Bytes;

        /// <summary>Whether another packet may follow: all segments have one length so far, and only the last may be shorter.</summary>
        public bool IsOpen;
    }
}
