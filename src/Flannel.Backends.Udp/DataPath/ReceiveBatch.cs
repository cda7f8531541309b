using Flannel.Backends.Udp.Interop;
using Flannel.Backends.Udp.Sockets;
using static Flannel.Backends.Udp.Interop.LinuxSocket;

namespace Flannel.Backends.Udp.DataPath;

/// <summary>
/// Buffers for what one system call receives. Each takes the longest that the kernel makes of datagrams that follow each other (<c>UDP_GRO</c>);
/// memory that is never needed is never touched.
/// </summary>
internal sealed unsafe class ReceiveBatch : IDisposable
{
    private const int Buffers = 16;
    private const int BufferBytes = 65536;
    private const int ControlRoom = 64;

    /// <summary>What many small packets or one large transfer fill, and single packets do not.</summary>
    private const int BulkBytes = 16384;

    private readonly NativeBuffer _memory = new(Buffers * BufferBytes);
    private readonly NativeBuffer _headerMemory;
    private readonly mmsghdr* _headers;
    private readonly SocketAddress* _senders;
    private readonly byte* _controls;

    public ReceiveBatch()
    {
        int headers = Buffers * sizeof(mmsghdr);
        int vectors = Buffers * sizeof(iovec);
        int senders = Buffers * sizeof(SocketAddress);
        _headerMemory = new NativeBuffer(headers + vectors + senders + (Buffers * ControlRoom));
        _headers = (mmsghdr*)_headerMemory.Start;
        var vector = (iovec*)(_headerMemory.Start + headers);
        _senders = (SocketAddress*)((byte*)vector + vectors);
        _controls = (byte*)_senders + senders;
        for (int index = 0; index < Buffers; index++)
        {
            vector[index] = new iovec { iov_base = _memory.Start + (index * BufferBytes), iov_len = BufferBytes };
            _headers[index].msg_hdr = new msghdr
            {
                msg_name = _senders + index,
                msg_iov = vector + index,
                msg_iovlen = 1,
                msg_control = _controls + (index * ControlRoom),
            };
        }
    }

    /// <summary>One system call.</summary>
    /// <param name="socket">The socket's number.</param>
    /// <param name="isMany">Whether several buffers may be filled.</param>
    /// <returns>How many buffers were filled; negative with an error.</returns>
    public int Receive(int socket, bool isMany)
    {
        int count = isMany ? Buffers : 1;
        for (int index = 0; index < count; index++)
        {
            // The kernel writes the lengths that it used.
            ref msghdr header = ref _headers[index].msg_hdr;
            header.msg_namelen = SocketAddress.MaximumLength;
            header.msg_controllen = ControlRoom;
        }

        if (isMany) return Libc.recvmmsg(socket, _headers, Buffers, MSG_DONTWAIT, null);
        nint length = Libc.recvmsg(socket, &_headers->msg_hdr, MSG_DONTWAIT);
        if (length < 0) return -1;
        _headers->msg_len = (uint)length;
        return 1;
    }

    /// <summary>Whether more is likely to have come meanwhile. If not, waiting costs one system call less than asking.</summary>
    public bool IsMoreLikely(int received) => received == Buffers || _headers->msg_len > BulkBytes;

    /// <summary>What a buffer holds.</summary>
    /// <param name="index">The buffer.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="segment">The bytes of each datagram in it; the last may be shorter.</param>
    /// <param name="isTruncated">Whether a part was lost, because there was no room.</param>
    public byte* PayloadAt(int index, out int length, out int segment, out bool isTruncated)
    {
        ref msghdr header = ref _headers[index].msg_hdr;
        length = (int)_headers[index].msg_len;
        isTruncated = (header.msg_flags & MSG_TRUNC) != 0;
        segment = SegmentOf(header);
        if (segment <= 0 || segment > length) segment = Math.Max(length, 1);
        return (byte*)header.msg_iov->iov_base;
    }

    /// <summary>Where it came from.</summary>
    public SocketAddress* SenderAt(int index) => _senders + index;

    public void Dispose()
    {
        _memory.Dispose();
        _headerMemory.Dispose();
    }

    private static int SegmentOf(in msghdr header)
    {
        var control = (cmsghdr*)header.msg_control;
        return header.msg_controllen >= CMSG_LEN(sizeof(int)) && control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO
            ? *(int*)(control + 1)
            : 0;
    }
}
