using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Text;

namespace Flannel.Netlink.Netfilter;

/// <summary>
/// What nf_tables compares and keeps in sets: up to 64 bytes, as they lie in a register. Addresses and ports are in network byte order, marks and
/// interface indexes in the machine's.
/// </summary>
public readonly struct NftValue : IEquatable<NftValue>
{
    /// <summary>Longest value: sixteen registers of four bytes.</summary>
    public const int MaximumLength = 64;

    private const int InterfaceNameLength = 16; // IFNAMSIZ

    private readonly byte[]? _bytes;

    /// <summary>Takes bytes as they are.</summary>
    /// <param name="bytes">1 to 64 bytes; they are copied.</param>
    /// <exception cref="ArgumentException">Too many bytes.</exception>
    public NftValue(ReadOnlySpan<byte> bytes)
        : this(bytes.ToArray())
    {
    }

    private NftValue(byte[] bytes)
    {
        if (bytes.Length > MaximumLength)
            throw new ArgumentException($"A value of nf_tables has at most {MaximumLength} bytes, not {bytes.Length}.", nameof(bytes));
        _bytes = bytes;
    }

    /// <summary>The bytes; none of the default value.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>How many bytes there are.</summary>
    public int Length => Bytes.Length;

    /// <summary>An IPv4 or IPv6 address, without a scope.</summary>
    /// <param name="address">The address.</param>
    /// <returns>4 or 16 bytes.</returns>
    public static NftValue Of(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return new NftValue(address.GetAddressBytes());
    }

    /// <summary>A link-layer address.</summary>
    /// <param name="address">The address.</param>
    /// <returns>Its bytes, 6 of Ethernet.</returns>
    public static NftValue Of(PhysicalAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return new NftValue(address.GetAddressBytes());
    }

    /// <summary>One byte, such as a transport protocol.</summary>
    /// <param name="value">The byte.</param>
    /// <returns>1 byte.</returns>
    public static NftValue OfByte(byte value) => new([value]);

    /// <summary>16 bits in network byte order, such as a port or an EtherType.</summary>
    /// <param name="value">The number.</param>
    /// <returns>2 bytes.</returns>
    public static NftValue OfNetworkUInt16(ushort value)
    {
        var bytes = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        return new NftValue(bytes);
    }

    /// <summary>16 bits in the machine's byte order, such as the hardware type of an interface.</summary>
    /// <param name="value">The number.</param>
    /// <returns>2 bytes.</returns>
    public static NftValue OfUInt16(ushort value) => new(BitConverter.GetBytes(value));

    /// <summary>32 bits in the machine's byte order, such as a packet mark or an interface index.</summary>
    /// <param name="value">The number.</param>
    /// <returns>4 bytes.</returns>
    public static NftValue OfUInt32(uint value) => new(BitConverter.GetBytes(value));

    /// <summary>A whole interface name; nothing is said about whether there is such an interface.</summary>
    /// <param name="name">The name.</param>
    /// <returns>16 bytes, zeros behind the name.</returns>
    /// <exception cref="ArgumentException">The name has more than 15 bytes.</exception>
    public static NftValue OfInterfaceName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (Encoding.UTF8.GetByteCount(name) >= InterfaceNameLength)
            throw new ArgumentException($"An interface name has at most {InterfaceNameLength - 1} bytes, unlike '{name}'.", nameof(name));
        var bytes = new byte[InterfaceNameLength];
        Encoding.UTF8.GetBytes(name, bytes);
        return new NftValue(bytes);
    }

    /// <summary>Several values one behind the other, each padded to four bytes as nf_tables does it.</summary>
    /// <param name="parts">The values.</param>
    /// <returns>The concatenation.</returns>
    /// <exception cref="ArgumentException">Together they have more than 64 bytes.</exception>
    public static NftValue Concat(params ReadOnlySpan<NftValue> parts)
    {
        int length = 0;
        foreach (NftValue part in parts)
            length += Align(part.Length);
        var bytes = new byte[length];
        int offset = 0;
        foreach (NftValue part in parts)
        {
            part.Bytes.CopyTo(bytes.AsSpan(offset));
            offset += Align(part.Length);
        }

        return new NftValue(bytes);
    }

    /// <summary>The last address of a network, which ends an interval.</summary>
    /// <param name="network">The network.</param>
    /// <returns>4 or 16 bytes.</returns>
    public static NftValue LastOf(IPNetwork network)
    {
        byte[] bytes = network.BaseAddress.GetAddressBytes();
        byte[] mask = Mask(bytes.Length, network.PrefixLength);
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] |= (byte)~mask[i];
        return new NftValue(bytes);
    }

    /// <summary>The mask of a network.</summary>
    /// <param name="network">The network.</param>
    /// <returns>4 or 16 bytes.</returns>
    public static NftValue MaskOf(IPNetwork network) => new(Mask(network.BaseAddress.GetAddressBytes().Length, network.PrefixLength));

    /// <summary>Whether two values have the same bytes.</summary>
    /// <param name="left">A value.</param>
    /// <param name="right">Another one.</param>
    /// <returns>Whether they are equal.</returns>
    public static bool operator ==(NftValue left, NftValue right) => left.Equals(right);

    /// <summary>Whether two values differ.</summary>
    /// <param name="left">A value.</param>
    /// <param name="right">Another one.</param>
    /// <returns>Whether they differ.</returns>
    public static bool operator !=(NftValue left, NftValue right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(NftValue other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is NftValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        ReadOnlySpan<byte> rest = Bytes;
        int hash = rest.Length;
        for (; rest.Length >= sizeof(int); rest = rest[sizeof(int)..])
            hash = HashCode.Combine(hash, BinaryPrimitives.ReadInt32LittleEndian(rest)); // addresses and what is padded like them: no byte is left
        foreach (byte left in rest)
            hash = HashCode.Combine(hash, left);
        return hash;
    }

    /// <summary>The bytes as hexadecimal digits.</summary>
    /// <returns>Two digits per byte.</returns>
    public override string ToString() => Convert.ToHexStringLower(Bytes);

    internal static int Align(int length) => (length + 3) & ~3;

    /// <returns>The value that follows this one; <see langword="null"/> if this is the greatest of its length.</returns>
    internal NftValue? Next() => Step(byte.MaxValue, 0, 1);

    /// <returns>The value before this one; <see langword="null"/> if this is 0.</returns>
    internal NftValue? Previous() => Step(0, byte.MaxValue, -1);

    private static byte[] Mask(int length, int prefixLength)
    {
        var mask = new byte[length];
        for (int i = 0; i < length; i++)
            mask[i] = (byte)(0xFF00 >> Math.Clamp(prefixLength - (i * 8), 0, 8));
        return mask;
    }

    private NftValue? Step(byte last, byte wrapped, int step)
    {
        byte[] bytes = Bytes.ToArray();
        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            if (bytes[i] != last)
            {
                bytes[i] = (byte)(bytes[i] + step);
                return new NftValue(bytes);
            }

            bytes[i] = wrapped;
        }

        return null;
    }
}
