using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Flannel.Netlink.Interop;

namespace Flannel.Netlink.Messages;

/// <summary>One received message: the fields of its header and its payload. Valid only as long as the receive buffer behind it.</summary>
public readonly ref struct NetlinkMessage
{
    private readonly nlmsghdr _header;

    internal NetlinkMessage(nlmsghdr header, ReadOnlySpan<byte> payload)
    {
        _header = header;
        Payload = payload;
    }

    /// <summary>Message type, such as <c>RTM_NEWROUTE</c> or <c>NLMSG_ERROR</c>.</summary>
    public ushort Type => _header.nlmsg_type;

    /// <summary><c>NLM_F_*</c> flags.</summary>
    public ushort Flags => _header.nlmsg_flags;

    /// <summary>Sequence number of the request this answers; 0 for most notifications.</summary>
    public uint Sequence => _header.nlmsg_seq;

    /// <summary>Port id of the socket whose request caused this message; 0 when the kernel acted by itself.</summary>
    public uint PortId => _header.nlmsg_pid;

    /// <summary>Everything behind the message header.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>Reads the family header at the start of the payload and positions a reader on the attributes behind it.</summary>
    /// <typeparam name="T">A blittable structure with the kernel's layout.</typeparam>
    /// <param name="attributes">The attributes that follow the family header.</param>
    /// <returns>The family header.</returns>
    /// <exception cref="NetlinkException">The payload is shorter than the header (<c>EBADMSG</c>).</exception>
    public T Read<T>(out NetlinkAttributeReader attributes)
        where T : unmanaged
    {
        int size = Unsafe.SizeOf<T>();
        if (Payload.Length < size)
            throw NetlinkException.Malformed($"netlink message type {Type}", $"{Payload.Length} bytes of payload where at least {size} are needed");
        int start = Math.Min(LinuxNetlink.NLMSG_ALIGN(size), Payload.Length);
        attributes = new NetlinkAttributeReader(Payload[start..]);
        return MemoryMarshal.Read<T>(Payload);
    }
}
