using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Flannel.Backends.Udp.Packets;

/// <summary>Numbers in network byte order at any address, aligned or not.</summary>
internal static unsafe class NetworkOrder
{
    /// <summary>Swaps a 16-bit number between the machine's order and the network's.</summary>
    public static ushort Swap(ushort value) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    /// <summary>Swaps a 32-bit number between the machine's order and the network's.</summary>
    public static uint Swap(uint value) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    /// <summary>Swaps a 128-bit number between the machine's order and the network's.</summary>
    public static UInt128 Swap(UInt128 value) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    public static ushort ReadUInt16(byte* from) => Swap(Unsafe.ReadUnaligned<ushort>(from));

    public static uint ReadUInt32(byte* from) => Swap(Unsafe.ReadUnaligned<uint>(from));

    public static UInt128 ReadUInt128(byte* from) => BinaryPrimitives.ReadUInt128BigEndian(new ReadOnlySpan<byte>(from, 16));

    public static void WriteUInt128(byte* to, UInt128 value) => BinaryPrimitives.WriteUInt128BigEndian(new Span<byte>(to, 16), value);

    public static void WriteUInt16(byte* to, int value) => Unsafe.WriteUnaligned(to, Swap((ushort)value));

    public static void WriteUInt32(byte* to, uint value) => Unsafe.WriteUnaligned(to, Swap(value));
}
