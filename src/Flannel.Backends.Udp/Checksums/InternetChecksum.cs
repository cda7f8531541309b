using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Flannel.Backends.Udp.Packets;

namespace Flannel.Backends.Udp.Checksums;

/// <summary>
/// The checksum of RFC 1071 over raw memory. Sums are of 16-bit words as they lie in memory, whatever the machine's byte order (§2 B), not
/// folded and not complemented: sums over pieces add up, as long as every piece but the last has an even length. A sum over a whole packet stays
/// below 2^46, so thousands of them fit.
/// </summary>
internal static unsafe partial class InternetChecksum
{
    // Below this a vector loop costs more to enter and reduce than it saves.
    private const int VectorThreshold = 128;

    /// <summary>The sum of <paramref name="length"/> bytes at any address; an odd last byte is padded with a zero.</summary>
    public static ulong Sum(byte* data, int length)
    {
        if (length is < VectorThreshold or > LongestVectorLoop)
            return SumScalar(data, length);
        if (Avx2.IsSupported)
            return SumAvx2(data, length);
        if (Sse2.IsSupported)
            return SumSse2(data, length);
        return AdvSimd.IsSupported ? SumAdvSimd(data, length) : SumScalar(data, length);
    }

    /// <summary>The sum folded to 16 bits with end-around carry, in memory order.</summary>
    public static ushort Fold(ulong sum)
    {
        sum = (sum & uint.MaxValue) + (sum >> 32);
        sum = (sum & uint.MaxValue) + (sum >> 32);
        uint folded = ((uint)sum & ushort.MaxValue) + ((uint)sum >> 16);
        return (ushort)(folded + (folded >> 16));
    }

    /// <summary>The checksum to store for a sum, in memory order.</summary>
    public static ushort Complement(ulong sum) => (ushort)~Fold(sum);

    /// <summary>The checksum to store in a UDP header: one that comes out as zero is sent as all ones, because zero means none (RFC 768).</summary>
    public static ushort ComplementUdp(ulong sum)
    {
        ushort checksum = Complement(sum);
        return checksum == 0 ? ushort.MaxValue : checksum;
    }

    /// <summary>The pseudo-header without its length: both addresses and the protocol (RFC 9293 §3.1, RFC 8200 §8.1).</summary>
    public static ulong SumPseudoHeader(in IpPacket packet, byte protocol)
    {
        ulong addresses = packet.IsIPv6 ? SumScalar(packet.Start + 8, 32) : SumScalar(packet.Start + 12, 8);
        return addresses + NetworkOrder.Swap((ushort)protocol);
    }

    /// <summary>A 16-bit length or other number as a word of a sum.</summary>
    public static ulong Word(int value) => NetworkOrder.Swap((ushort)value);

    /// <summary>True if the checksum of an IPv4 header is right.</summary>
    public static bool HeaderIsValid(in IpPacket packet) => Fold(SumScalar(packet.Start, packet.HeaderLength)) == ushort.MaxValue;

    /// <summary>True if the TCP or UDP checksum of a packet without extension headers is right; UDP's zero for none is wrong.</summary>
    public static bool TransportIsValid(in IpPacket packet)
    {
        ulong sum = SumPseudoHeader(packet, packet.Protocol) + Word(packet.PayloadLength) + Sum(packet.Payload, packet.PayloadLength);
        return Fold(sum) == ushort.MaxValue;
    }

    /// <summary>
    /// Completes a checksum the kernel left to the device (<c>CHECKSUM_PARTIAL</c>): the field holds the folded sum of the pseudo-header, so the
    /// complement of the sum from <paramref name="start"/> to the end, field included, belongs there.
    /// </summary>
    /// <param name="packet">The packet.</param>
    /// <param name="start">Where summing starts, from the first byte of the packet; not inside the IP header.</param>
    /// <param name="offset">Where the field is, from <paramref name="start"/>.</param>
    public static PacketDrop Complete(in IpPacket packet, int start, int offset)
    {
        if (start < packet.HeaderLength || start + offset + sizeof(ushort) > packet.Length)
            return PacketDrop.MalformedOffload;
        ulong sum = Sum(packet.Start + start, packet.Length - start);
        ushort checksum = offset == UdpChecksumOffset ? ComplementUdp(sum) : Complement(sum);
        Unsafe.WriteUnaligned(packet.Start + start + offset, checksum);
        return PacketDrop.None;
    }

    /// <summary>Where the checksum is in a TCP header.</summary>
    public const int TcpChecksumOffset = 16;

    /// <summary>Where the checksum is in a UDP header.</summary>
    public const int UdpChecksumOffset = 6;
}
