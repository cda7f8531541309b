using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Flannel.Netlink.Interop;

namespace Flannel.Netlink;

// Socket options and the two system calls. Functions appear in the order of a socket's life: configure, begin, send, receive, drain.
public sealed unsafe partial class NetlinkSocket
{
    private void Configure(NetlinkSocketOptions options)
    {
        SetOption(LinuxNetlink.SOL_NETLINK, LinuxNetlink.NETLINK_CAP_ACK, 1, required: true);
        SetOption(LinuxNetlink.SOL_NETLINK, LinuxNetlink.NETLINK_EXT_ACK, 1, required: true);
        IsStrict = SetOption(LinuxNetlink.SOL_NETLINK, LinuxNetlink.NETLINK_GET_STRICT_CHK, 1, required: false);
        if (!SetOption(Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, options.ReceiveBufferSize, required: false))
            SetOption(Libc.SOL_SOCKET, Libc.SO_RCVBUF, options.ReceiveBufferSize, required: true);
        int received;
        uint size = sizeof(int);
        ThrowIfFailed(Libc.getsockopt(_handle, Libc.SOL_SOCKET, Libc.SO_RCVBUF, &received, &size), "read the size of a netlink receive buffer");
        ReceiveBufferSize = received;

        var timeout = new Libc.timeval
        {
            tv_sec = (long)options.ReceiveTimeout.TotalSeconds,
            tv_usec = options.ReceiveTimeout.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond,
        };
        ThrowIfFailed(
            Libc.setsockopt(_handle, Libc.SOL_SOCKET, Libc.SO_RCVTIMEO, &timeout, (uint)sizeof(Libc.timeval)),
            "set the timeout of a netlink socket");

        var address = new sockaddr_nl { nl_family = Libc.AF_NETLINK };
        ThrowIfFailed(Libc.bind(_handle, &address, (uint)sizeof(sockaddr_nl)), "bind a netlink socket");
        size = (uint)sizeof(sockaddr_nl);
        ThrowIfFailed(Libc.getsockname(_handle, &address, &size), "read the port id of a netlink socket");
        PortId = address.nl_pid;

        foreach (uint group in options.Groups)
        {
            ThrowIfFailed(
                Libc.setsockopt(_handle, LinuxNetlink.SOL_NETLINK, LinuxNetlink.NETLINK_ADD_MEMBERSHIP, &group, sizeof(uint)),
                $"join netlink multicast group {group}");
        }
    }

    private bool SetOption(int level, int name, int value, bool required)
    {
        bool accepted = Libc.setsockopt(_handle, level, name, &value, sizeof(int)) == 0;
        if (!accepted && required)
            throw new NetlinkException($"set option {name} of a netlink socket to {value}", Marshal.GetLastPInvokeError());
        return accepted;
    }

    /// <summary>Gives the request its sequence number and flags, after clearing away what an abandoned exchange left in the queue.</summary>
    private uint Begin(Span<byte> request, ushort flags)
    {
        if (_answersLeftBehind)
            Drain();
        _answersLeftBehind = true;
        uint sequence = NextSequence();
        ref nlmsghdr header = ref MemoryMarshal.AsRef<nlmsghdr>(request);
        header.nlmsg_seq = sequence;
        header.nlmsg_flags |= flags;
        return sequence;
    }

    /// <summary>0 is left out: notifications carry it.</summary>
    private uint NextSequence() => ++_sequence == 0 ? ++_sequence : _sequence;

    private void Send(ReadOnlySpan<byte> messages)
    {
        var kernel = new sockaddr_nl { nl_family = Libc.AF_NETLINK };
        fixed (byte* bytes = messages)
        {
            while (Libc.sendto(_handle, bytes, (nuint)messages.Length, 0, &kernel, (uint)sizeof(sockaddr_nl)) < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno != LinuxErrno.EINTR)
                    throw new NetlinkException(NameOf(messages), errno, "the request could not be sent");
            }
        }
    }

    /// <summary>Waits for the next datagram from the kernel.</summary>
    /// <param name="request">Names the request in exceptions.</param>
    private ReadOnlySpan<byte> Receive(ReadOnlySpan<byte> request)
    {
        int errno = TryReceive(0, out ReadOnlySpan<byte> datagram);
        if (errno != 0)
            ThrowReceiveFailed(request, errno);
        return datagram;
    }

    /// <summary>Receives one datagram into the socket's own block.</summary>
    /// <param name="flags"><c>MSG_DONTWAIT</c> or 0.</param>
    /// <param name="datagram">What was received, valid until the next call.</param>
    /// <returns>0 or the error number.</returns>
    internal int TryReceive(int flags, out ReadOnlySpan<byte> datagram)
    {
        datagram = default;
        fixed (byte* block = _block)
        {
            while (true)
            {
                sockaddr_nl sender;
                uint senderLength = (uint)sizeof(sockaddr_nl);

                // MSG_TRUNC makes the kernel return the real length, so that a cut datagram is seen.
                nint received = Libc.recvfrom(_handle, block, ReceiveBlockSize, flags | Libc.MSG_TRUNC, &sender, &senderLength);
                if (received < 0)
                {
                    int errno = Marshal.GetLastPInvokeError();
                    if (errno == LinuxErrno.EINTR)
                        continue;
                    return errno;
                }

                if (senderLength < sizeof(sockaddr_nl) || sender.nl_pid != 0)
                    continue;
                if (received > ReceiveBlockSize)
                    return LinuxErrno.EMSGSIZE;
                datagram = _block.AsSpan(0, (int)received);
                return 0;
            }
        }
    }

    /// <summary>Discards everything queued. An unfinished dump is read to its end by this, without which the next one would be EBUSY.</summary>
    private void Drain()
    {
        while (TryReceive(Libc.MSG_DONTWAIT, out _) is 0 or LinuxErrno.ENOBUFS or LinuxErrno.EMSGSIZE)
        {
        }
    }

    [DoesNotReturn]
    private void ThrowReceiveFailed(ReadOnlySpan<byte> request, int errno) => throw errno switch
    {
        LinuxErrno.EAGAIN => new NetlinkException(NameOf(request), LinuxErrno.ETIMEDOUT, $"no answer within {_receiveTimeout.TotalSeconds:0.###} s"),
        LinuxErrno.ENOBUFS => new NetlinkException(NameOf(request), errno, "the receive buffer overflowed and answers were lost"),
        LinuxErrno.EMSGSIZE => new NetlinkException(NameOf(request), errno, $"an answer is longer than {ReceiveBlockSize} bytes"),
        _ => new NetlinkException(NameOf(request), errno, "the answer could not be received"),
    };

    private string NameOf(ReadOnlySpan<byte> request)
    {
        int length = (int)MemoryMarshal.Read<nlmsghdr>(request).nlmsg_len;
        string name = _describe(request[..length]);
        return length < request.Length ? $"batch that begins with {name}" : name;
    }

    private static void ThrowIfFailed(int result, string operation)
    {
        if (result < 0)
            throw new NetlinkException(operation, Marshal.GetLastPInvokeError());
    }
}
