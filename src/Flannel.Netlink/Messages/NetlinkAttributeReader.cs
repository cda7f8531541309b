using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Flannel.Netlink.Interop;

namespace Flannel.Netlink.Messages;

/// <summary>
/// Walks the attributes of a message or of a nested attribute. Typed getters check the payload's length; a wrong length gives a default value
/// and is remembered, so that a loop reads without checks and ends with one <see cref="EnsureValid"/>. The first error sticks and ends the walk.
/// </summary>
/// <remarks>Safe on any input: every length is checked against what is left, and the walk always ends.</remarks>
public ref struct NetlinkAttributeReader
{
    private ReadOnlySpan<byte> _rest;
    private string? _error;

    /// <summary>Starts at the beginning of <paramref name="attributes"/>.</summary>
    /// <param name="attributes">A run of attributes, each padded to four bytes.</param>
    public NetlinkAttributeReader(ReadOnlySpan<byte> attributes) => _rest = attributes;

    /// <summary>Type of the current attribute, without the <c>NLA_F_NESTED</c> and <c>NLA_F_NET_BYTEORDER</c> bits.</summary>
    public ushort Type { get; private set; }

    /// <summary>Payload of the current attribute.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>What was wrong with the first malformed attribute; null as long as all is well.</summary>
    public readonly string? Error => _error;

    /// <summary>Steps to the next attribute.</summary>
    /// <returns>False at the end or after an error.</returns>
    public bool MoveNext()
    {
        // Fewer bytes than a header are padding the kernel ignores as well (nla_ok).
        if (_rest.Length < LinuxNetlink.NLA_HDRLEN)
            return false;
        var header = MemoryMarshal.Read<nlattr>(_rest);
        ushort type = (ushort)(header.nla_type & LinuxNetlink.NLA_TYPE_MASK);
        if (header.nla_len < LinuxNetlink.NLA_HDRLEN || header.nla_len > _rest.Length)
        {
            Fail($"attribute {type} claims {header.nla_len} bytes where {_rest.Length} are left");
            return false;
        }

        Type = type;
        Value = _rest[LinuxNetlink.NLA_HDRLEN..header.nla_len];
        _rest = _rest[Math.Min(LinuxNetlink.NLMSG_ALIGN(header.nla_len), _rest.Length)..];
        return true;
    }

    /// <summary>The current attribute as an 8-bit number.</summary>
    /// <returns>The value, or 0 with <see cref="Error"/> set when the payload is not one byte.</returns>
    public byte ReadByte() => Read<byte>();

    /// <summary>The current attribute as an 8-bit truth value.</summary>
    /// <returns>True unless the byte is zero; false with <see cref="Error"/> set when the payload is not one byte.</returns>
    public bool ReadBoolean() => Read<byte>() != 0;

    /// <summary>The current attribute as a 16-bit number in the machine's byte order.</summary>
    /// <returns>The value, or 0 with <see cref="Error"/> set when the payload is not two bytes.</returns>
    public ushort ReadUInt16() => Read<ushort>();

    /// <summary>The current attribute as a 16-bit number in network byte order.</summary>
    /// <returns>The value, or 0 with <see cref="Error"/> set when the payload is not two bytes.</returns>
    public ushort ReadUInt16BigEndian()
    {
        ushort value = Read<ushort>();
        return BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;
    }

    /// <summary>The current attribute as a 32-bit number in the machine's byte order.</summary>
    /// <returns>The value, or 0 with <see cref="Error"/> set when the payload is not four bytes.</returns>
    public uint ReadUInt32() => Read<uint>();

    /// <summary>The current attribute as a 32-bit number in network byte order.</summary>
    /// <returns>The value, or 0 with <see cref="Error"/> set when the payload is not four bytes.</returns>
    public uint ReadUInt32BigEndian()
    {
        uint value = Read<uint>();
        return BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;
    }

    /// <summary>The current attribute as a 64-bit number in network byte order.</summary>
    /// <returns>The value, or 0 with <see cref="Error"/> set when the payload is not eight bytes.</returns>
    public ulong ReadUInt64BigEndian()
    {
        ulong value = Read<ulong>();
        return BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;
    }

    /// <summary>The current attribute as a signed 32-bit number, such as an interface index, in the machine's byte order.</summary>
    /// <returns>The value, or 0 with <see cref="Error"/> set when the payload is not four bytes.</returns>
    public int ReadInt32() => Read<int>();

    /// <summary>The current attribute as a structure. A longer payload is accepted: newer kernels append fields.</summary>
    /// <typeparam name="T">A blittable structure with the kernel's layout.</typeparam>
    /// <returns>The value, or its default with <see cref="Error"/> set when the payload is too short.</returns>
    public T ReadStruct<T>()
        where T : unmanaged
    {
        if (Value.Length >= Unsafe.SizeOf<T>())
            return MemoryMarshal.Read<T>(Value);
        FailLength(Unsafe.SizeOf<T>());
        return default;
    }

    /// <summary>The current attribute as text up to its terminating zero; bytes that are not UTF-8 become U+FFFD.</summary>
    /// <returns>The text; empty for an empty payload.</returns>
    public readonly string ReadString()
    {
        int end = Value.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? Value : Value[..end]);
    }

    /// <summary>The current attribute as an IPv4 (4 bytes) or IPv6 (16 bytes) address without a scope id.</summary>
    /// <returns>The address, or 0.0.0.0 with <see cref="Error"/> set when the payload has another length.</returns>
    public IPAddress ReadAddress()
    {
        if (Value.Length is 4 or 16)
            return new IPAddress(Value);
        Fail($"attribute {Type} holds {Value.Length} bytes where an address of 4 or 16 is needed");
        return IPAddress.Any;
    }

    /// <summary>The current attribute as a link-layer address of any length (6 for Ethernet, 4 or 16 for tunnels, 0 for none).</summary>
    /// <returns>The address.</returns>
    public readonly PhysicalAddress ReadPhysicalAddress() => Value.IsEmpty ? PhysicalAddress.None : new PhysicalAddress(Value.ToArray());

    /// <summary>Opens the current attribute as a run of attributes. Call <see cref="EnsureValid"/> on the inner reader too.</summary>
    /// <returns>A reader over the payload.</returns>
    public readonly NetlinkAttributeReader ReadNested() => new(Value);

    /// <summary>Throws if any attribute so far was malformed.</summary>
    /// <exception cref="NetlinkException">An attribute is malformed (<c>EBADMSG</c>).</exception>
    public readonly void EnsureValid()
    {
        if (_error is not null)
            throw NetlinkException.Malformed("netlink attributes", _error);
    }

    private T Read<T>()
        where T : unmanaged
    {
        if (Value.Length == Unsafe.SizeOf<T>())
            return MemoryMarshal.Read<T>(Value);
        FailLength(Unsafe.SizeOf<T>());
        return default;
    }

    private void FailLength(int needed) => Fail($"attribute {Type} holds {Value.Length} bytes where {needed} are needed");

    private void Fail(string error)
    {
        _error ??= error;
        _rest = default;
    }
}
