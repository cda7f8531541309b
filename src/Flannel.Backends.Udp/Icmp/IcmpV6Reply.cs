using System.Runtime.CompilerServices;
using Flannel.Backends.Udp.Checksums;
using Flannel.Backends.Udp.Packets;

namespace Flannel.Backends.Udp.Icmp;

/// <summary>
/// ICMPv6 errors about an IPv6 packet that goes no further (RFC 4443), to be written back into the TUN device. Every method gives the length of the
/// reply, or 0 if there must be none. How often one is sent is the caller's to decide (§2.4 f).
/// </summary>
internal static unsafe class IcmpV6Reply
{
    /// <summary>The longest reply: what every IPv6 link carries. It quotes as much of the offender as fits.</summary>
    public const int MaximumLength = 1280;

    private const int IcmpHeaderLength = 8;
    private const int MaximumQuotedLength = MaximumLength - IpPacket.IPv6HeaderLength - IcmpHeaderLength;
    private const int MaximumExtensionHeaders = 8;
    private const byte DefaultHopLimit = 64;

    private const byte DestinationUnreachable = 1;
    private const byte PacketTooBigType = 2;
    private const byte TimeExceeded = 3;
    private const byte FirstInformationalType = 128;
    private const byte Redirect = 137;

    /// <summary>No peer has the destination (§3.1, code 0).</summary>
    /// <param name="offender">The packet.</param>
    /// <param name="source">Address of the TUN device.</param>
    /// <param name="reply">Where to; room for <see cref="MaximumLength"/> bytes, not overlapping the packet.</param>
    public static int NoRoute(in IpPacket offender, UInt128 source, byte* reply) =>
        MayBeAnswered(offender, isAboutSize: false) ? Write(offender, source, reply, DestinationUnreachable, 0) : 0;

    /// <summary>The hop limit ran out (§3.3, code 0).</summary>
    /// <inheritdoc cref="NoRoute"/>
    public static int HopLimitExceeded(in IpPacket offender, UInt128 source, byte* reply) =>
        MayBeAnswered(offender, isAboutSize: false) ? Write(offender, source, reply, TimeExceeded, 0) : 0;

    /// <summary>Too large for the path ahead (§3.2); the one error that answers multicast too.</summary>
    /// <param name="offender">The packet.</param>
    /// <param name="source">Address of the TUN device.</param>
    /// <param name="mtu">The largest packet that would pass, in bytes.</param>
    /// <param name="reply">Where to; room for <see cref="MaximumLength"/> bytes, not overlapping the packet.</param>
    public static int PacketTooBig(in IpPacket offender, UInt128 source, int mtu, byte* reply) =>
        MayBeAnswered(offender, isAboutSize: true) ? Write(offender, source, reply, PacketTooBigType, (uint)mtu) : 0;

    private static int Write(in IpPacket offender, UInt128 source, byte* reply, byte type, uint rest)
    {
        int quoted = Math.Min(offender.Length, MaximumQuotedLength);
        int icmpLength = IcmpHeaderLength + quoted;
        new Span<byte>(reply, IpPacket.IPv6HeaderLength + IcmpHeaderLength).Clear();

        reply[0] = 0x60;
        NetworkOrder.WriteUInt16(reply + 4, icmpLength);
        reply[6] = IpProtocol.IcmpV6;
        reply[7] = DefaultHopLimit;
        NetworkOrder.WriteUInt128(reply + 8, source);
        Unsafe.CopyBlockUnaligned(reply + 24, offender.Start + 8, 16);

        byte* icmp = reply + IpPacket.IPv6HeaderLength;
        icmp[0] = type;
        NetworkOrder.WriteUInt32(icmp + 4, rest);
        Unsafe.CopyBlockUnaligned(icmp + IcmpHeaderLength, offender.Start, (uint)quoted);

        // Unlike ICMP, the checksum covers the pseudo-header (§2.3).
        ulong sum = InternetChecksum.SumScalar(reply + 8, 32) + InternetChecksum.Word(IpProtocol.IcmpV6) + InternetChecksum.Word(icmpLength);
        Unsafe.WriteUnaligned(icmp + 2, InternetChecksum.Complement(sum + InternetChecksum.Sum(icmp, icmpLength)));
        return IpPacket.IPv6HeaderLength + icmpLength;
    }

    /// <summary>§2.4 e: not about an ICMPv6 error or a redirect, nor to what is not a single host.</summary>
    private static bool MayBeAnswered(in IpPacket offender, bool isAboutSize)
    {
        if (!offender.IsIPv6)
            return false;
        UInt128 source = offender.Source6;
        if (source == UInt128.Zero || source == UInt128.One || IsMulticast(source) || (IsMulticast(offender.Destination6) && !isAboutSize))
            return false;
        return !MayBeError(offender);
    }

    private static bool IsMulticast(UInt128 address) => (byte)(address >> 120) == 0xFF;

    /// <summary>Looks for an ICMPv6 type behind extension headers. What cannot be told is taken for an error.</summary>
    private static bool MayBeError(in IpPacket packet)
    {
        byte next = packet.Protocol;
        int offset = IpPacket.IPv6HeaderLength;
        for (int depth = 0; depth < MaximumExtensionHeaders; depth++)
        {
            if (next == IpProtocol.IcmpV6)
                return offset >= packet.Length || packet.Start[offset] is < FirstInformationalType or Redirect;
            if (!IsExtensionHeader(next))
                return false;
            if (offset + 8 > packet.Length)
                return true;

            byte* header = packet.Start + offset;
            if (next == IpProtocol.Fragment && (NetworkOrder.ReadUInt16(header + 2) & 0xFFF8) != 0)
                return true; // a later fragment has no ICMPv6 header to look at
            offset += next switch
            {
                IpProtocol.Fragment => 8,
                IpProtocol.Authentication => (header[1] + 2) * 4, // RFC 4302 §2.2
                _ => (header[1] + 1) * 8,
            };
            next = *header;
        }

        return true;
    }

    private static bool IsExtensionHeader(byte next) => next
        is IpProtocol.HopByHopOptions
        or IpProtocol.Routing
        or IpProtocol.Fragment
        or IpProtocol.Authentication
        or IpProtocol.DestinationOptions;
}
