using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Flannel.Netlink.Interop;

namespace Flannel.Netlink.Messages;

/// <summary>
/// Builds one netlink message in a caller's buffer: header, family header, attributes, nested attributes. Everything is padded to four bytes and
/// every length is patched, so <see cref="Complete"/> leaves a message that is ready to send.
/// </summary>
/// <remarks>Numbers are written in the machine's byte order, as netlink wants them, except by the methods that say big-endian.</remarks>
public ref struct NetlinkMessageWriter
{
    private readonly Span<byte> _buffer;
    private int _length;

    /// <summary>Starts a message at the beginning of <paramref name="buffer"/>.</summary>
    /// <param name="buffer">Room for the whole message.</param>
    /// <param name="type">Message type, such as <c>RTM_NEWROUTE</c>.</param>
    /// <param name="flags"><c>NLM_F_*</c> flags; <c>NLM_F_REQUEST</c> is added.</param>
    /// <exception cref="InvalidOperationException">The buffer cannot hold a header.</exception>
    public NetlinkMessageWriter(Span<byte> buffer, ushort type, ushort flags)
    {
        _buffer = buffer;
        Write(new nlmsghdr { nlmsg_type = type, nlmsg_flags = (ushort)(flags | LinuxNetlink.NLM_F_REQUEST) });
    }

    /// <summary>Bytes written so far, padding included.</summary>
    public readonly int Length => _length;

    /// <summary>Appends a structure as it lies in memory; the family header follows the message header this way.</summary>
    /// <param name="value">A blittable structure with the kernel's layout.</param>
    /// <exception cref="InvalidOperationException">The buffer is full.</exception>
    public void Write<T>(in T value)
        where T : unmanaged =>
        MemoryMarshal.Write(Reserve(Unsafe.SizeOf<T>()), in value);

    /// <summary>Writes an 8-bit attribute.</summary>
    /// <param name="type">Attribute type.</param>
    /// <param name="value">Its value.</param>
    /// <exception cref="InvalidOperationException">The buffer is full.</exception>
    public void WriteByte(ushort type, byte value) => ReserveAttribute(type, sizeof(byte))[0] = value;

    /// <summary>Writes a 16-bit attribute in the machine's byte order.</summary>
    /// <param name="type">Attribute type.</param>
    /// <param name="value">Its value.</param>
    /// <exception cref="InvalidOperationException">The buffer is full.</exception>
    public void WriteUInt16(ushort type, ushort value) => MemoryMarshal.Write(ReserveAttribute(type, sizeof(ushort)), in value);

    /// <summary>Writes a 16-bit attribute in network byte order.</summary>
    /// <param name="type">Attribute type.</param>
    /// <param name="value">Its value.</param>
    /// <exception cref="InvalidOperationException">The buffer is full.</exception>
    public void WriteUInt16BigEndian(ushort type, ushort value) =>
        BinaryPrimitives.WriteUInt16BigEndian(ReserveAttribute(type, sizeof(ushort)), value);

    /// <summary>Writes a 32-bit attribute in the machine's byte order.</summary>
    /// <param name="type">Attribute type.</param>
    /// <param name="value">Its value.</param>
    /// <exception cref="InvalidOperationException">The buffer is full.</exception>
    public void WriteUInt32(ushort type, uint value) => MemoryMarshal.Write(ReserveAttribute(type, sizeof(uint)), in value);

    /// <summary>Writes a 32-bit attribute in network byte order.</summary>
    /// <param name="type">Attribute type.</param>
    /// <param name="value">Its value.</param>
    /// <exception cref="InvalidOperationException">The buffer is full.</exception>
    public void WriteUInt32BigEndian(ushort type, uint value) =>
        BinaryPrimitives.WriteUInt32BigEndian(ReserveAttribute(type, sizeof(uint)), value);

    /// <summary>Writes a 64-bit attribute in network byte order.</summary>
    /// <param name="type">Attribute type.</param>
    /// <param name="value">Its value.</param>
    /// <exception cref="InvalidOperationException">The buffer is full.</exception>
    public void WriteUInt64BigEndian(ushort type, ulong value) =>
        BinaryPrimitives.WriteUInt64BigEndian(ReserveAttribute(type, sizeof(ulong)), value);

    /// <summary>Writes a signed 32-bit attribute, such as an interface index, in the machine's byte order.</summary>
    /// <param name="type">Attribute type.</param>
    /// <param name="value">Its value.</param>
    /// <exception cref="InvalidOperationException">The buffer is full.</exception>
    public void WriteInt32(ushort type, int value) => MemoryMarshal.Write(ReserveAttribute(type, sizeof(int)), in value);

    /// <summary>Writes an attribute without a payload, whose presence is its meaning.</summary>
    /// <param name="type">Attribute type.</param>
    /// <exception cref="InvalidOperationException">The buffer is full.</exception>
    public void WriteFlag(ushort type) => ReserveAttribute(type, 0);

    /// <summary>Writes an attribute of raw bytes.</summary>
    /// <param name="type">Attribute type.</param>
    /// <param name="value">Its bytes.</param>
    /// <exception cref="InvalidOperationException">The buffer is full.</exception>
    public void WriteBytes(ushort type, scoped ReadOnlySpan<byte> value) => value.CopyTo(ReserveAttribute(type, value.Length));

    /// <summary>Writes a string attribute as UTF-8 with its terminating zero.</summary>
    /// <param name="type">Attribute type.</param>
    /// <param name="value">Its text.</param>
    /// <exception cref="InvalidOperationException">The buffer is full.</exception>
    public void WriteString(ushort type, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        int count = Encoding.UTF8.GetByteCount(value);
        Span<byte> payload = ReserveAttribute(type, count + 1);
        Encoding.UTF8.GetBytes(value, payload);
        payload[count] = 0;
    }

    /// <summary>Writes an IPv4 (4 bytes) or IPv6 (16 bytes) address; a scope id is not part of it.</summary>
    /// <param name="type">Attribute type.</param>
    /// <param name="value">The address.</param>
    /// <exception cref="InvalidOperationException">The buffer is full.</exception>
    public void WriteAddress(ushort type, IPAddress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, out int count);
        WriteBytes(type, bytes[..count]);
    }

    /// <summary>Writes a link-layer address.</summary>
    /// <param name="type">Attribute type.</param>
    /// <param name="value">The address.</param>
    /// <exception cref="InvalidOperationException">The buffer is full.</exception>
    public void WritePhysicalAddress(ushort type, PhysicalAddress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        WriteBytes(type, value.GetAddressBytes());
    }

    /// <summary>
    /// Opens an attribute that holds attributes. Add <c>NLA_F_NESTED</c> (0x8000) to <paramref name="type"/> where a family insists on it;
    /// rtnetlink does not.
    /// </summary>
    /// <param name="type">Attribute type.</param>
    /// <returns>The token that <see cref="EndNested"/> needs.</returns>
    /// <exception cref="InvalidOperationException">The buffer is full.</exception>
    public NestedStart BeginNested(ushort type)
    {
        var start = new NestedStart(_length);
        ReserveAttribute(type, 0);
        return start;
    }

    /// <summary>Closes a nested attribute: its length becomes everything written since it was opened.</summary>
    /// <param name="start">The token <see cref="BeginNested"/> returned.</param>
    public readonly void EndNested(NestedStart start) =>
        MemoryMarshal.Write(_buffer[start.Offset..], checked((ushort)(_length - start.Offset)));

    /// <summary>Overwrites two bytes written before, for structures that carry their own length.</summary>
    internal readonly void PatchUInt16(int offset, ushort value) => MemoryMarshal.Write(_buffer[offset..], in value);

    /// <summary>Patches the message length and returns it. Sequence number and acknowledgement flag are set by whoever sends.</summary>
    /// <returns>Length of the finished message in bytes.</returns>
    public readonly int Complete()
    {
        MemoryMarshal.Write(_buffer, (uint)_length);
        return _length;
    }

    /// <summary>Writes an attribute header and returns its payload, the padding behind it cleared.</summary>
    private Span<byte> ReserveAttribute(ushort type, int payloadLength)
    {
        int attributeLength = LinuxNetlink.NLA_HDRLEN + payloadLength;
        if (attributeLength > ushort.MaxValue)
            ThrowTooLong(payloadLength);
        Span<byte> attribute = Reserve(attributeLength);
        MemoryMarshal.Write(attribute, new nlattr { nla_len = (ushort)attributeLength, nla_type = type });
        return attribute[LinuxNetlink.NLA_HDRLEN..];
    }

    private Span<byte> Reserve(int length)
    {
        int padded = LinuxNetlink.NLMSG_ALIGN(length);
        if (padded > _buffer.Length - _length)
            ThrowFull(_buffer.Length);
        Span<byte> region = _buffer.Slice(_length, padded);
        region[length..].Clear();
        _length += padded;
        return region[..length];
    }

    [DoesNotReturn]
    private static void ThrowFull(int capacity) =>
        throw new InvalidOperationException($"The netlink message does not fit in its buffer of {capacity} bytes.");

    [DoesNotReturn]
    private static void ThrowTooLong(int length) =>
        throw new InvalidOperationException($"A netlink attribute holds at most {ushort.MaxValue - LinuxNetlink.NLA_HDRLEN} bytes, not {length}.");
}
