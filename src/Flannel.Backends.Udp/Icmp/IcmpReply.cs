using System.Runtime.CompilerServices;
using Flannel.Backends.Udp.Checksums;
using Flannel.Backends.Udp.Packets;

namespace Flannel.Backends.Udp.Icmp;

/// <summary>
/// ICMP messages about an IPv4 packet that goes no further, to be written back into the TUN device. Every method gives the length of the reply, or
/// 0 if there must be none. How often one is sent is the caller's to decide (RFC 1812 §4.3.2.8).
/// </summary>
internal static unsafe class IcmpReply
{
    /// <summary>The longest reply: an IPv4 and an ICMP header, 56 bytes of offending header, 8 of its payload.</summary>
    public const int MaximumLength = IpPacket.IPv4HeaderLength + IcmpHeaderLength + MaximumQuotedHeaderLength + QuotedPayloadLength;

    private const int IcmpHeaderLength = 8;
    private const int MaximumQuotedHeaderLength = 56; // flannel refuses 60 and more
    private const int QuotedPayloadLength = 8; // RFC 792
    private const byte UnreachableHopLimit = 8; // as flannel's proxy sets it
    private const byte DefaultHopLimit = 64;

    private const byte EchoReply = 0;
    private const byte DestinationUnreachable = 3;
    private const byte NetUnreachable = 0;
    private const byte FragmentationNeededCode = 4;
    private const byte Echo = 8;
    private const byte TimeExceededType = 11;
    private const byte TimestampRequest = 13;
    private const byte TimestampReply = 14;

    /// <summary>No peer has the destination. As flannel: never about ICMP of any kind.</summary>
    /// <param name="offender">The packet.</param>
    /// <param name="source">Address of the TUN device.</param>
    /// <param name="reply">Where to; room for <see cref="MaximumLength"/> bytes, not overlapping the packet.</param>
    public static int NoRoute(in IpPacket offender, uint source, byte* reply) =>
        offender.Protocol == IpProtocol.Icmp ? 0 : Write(offender, source, reply, UnreachableHopLimit, DestinationUnreachable, NetUnreachable, 0);

    /// <summary>The time to live ran out. flannel drops these in silence.</summary>
    /// <inheritdoc cref="NoRoute"/>
    public static int TimeExceeded(in IpPacket offender, uint source, byte* reply) =>
        Write(offender, source, reply, DefaultHopLimit, TimeExceededType, 0, 0);

    /// <summary>Too large for the path ahead, and not to be fragmented (RFC 1191).</summary>
    /// <param name="offender">The packet.</param>
    /// <param name="source">Address of the TUN device.</param>
    /// <param name="mtu">The largest packet that would pass, in bytes.</param>
    /// <param name="reply">Where to; room for <see cref="MaximumLength"/> bytes, not overlapping the packet.</param>
    public static int FragmentationNeeded(in IpPacket offender, uint source, int mtu, byte* reply) =>
        Write(offender, source, reply, DefaultHopLimit, DestinationUnreachable, FragmentationNeededCode, (uint)mtu & ushort.MaxValue);

    private static int Write(in IpPacket offender, uint source, byte* reply, byte hopLimit, byte type, byte code, uint rest)
    {
        if (!MayBeAnswered(offender))
            return 0;
        int quoted = Math.Min(offender.Length, offender.HeaderLength + QuotedPayloadLength);
        int length = IpPacket.IPv4HeaderLength + IcmpHeaderLength + quoted;
        new Span<byte>(reply, IpPacket.IPv4HeaderLength + IcmpHeaderLength).Clear();

        reply[0] = 0x45;
        NetworkOrder.WriteUInt16(reply + 2, length);
        reply[8] = hopLimit;
        reply[9] = IpProtocol.Icmp;
        NetworkOrder.WriteUInt32(reply + 12, source);
        NetworkOrder.WriteUInt32(reply + 16, offender.Source4);
        Unsafe.WriteUnaligned(reply + 10, InternetChecksum.Complement(InternetChecksum.SumScalar(reply, IpPacket.IPv4HeaderLength)));

        byte* icmp = reply + IpPacket.IPv4HeaderLength;
        icmp[0] = type;
        icmp[1] = code;
        NetworkOrder.WriteUInt32(icmp + 4, rest);
        Unsafe.CopyBlockUnaligned(icmp + IcmpHeaderLength, offender.Start, (uint)quoted);
        Unsafe.WriteUnaligned(icmp + 2, InternetChecksum.Complement(InternetChecksum.SumScalar(icmp, IcmpHeaderLength + quoted)));
        return length;
    }

    /// <summary>RFC 1122 §3.2.2: not about an ICMP error, a later fragment, a packet to many, or one whose source is not a single host.</summary>
    private static bool MayBeAnswered(in IpPacket offender)
    {
        if (offender.IsIPv6 || offender.HeaderLength > MaximumQuotedHeaderLength || offender.IsLaterFragment)
            return false;
        if (!IsSingleHost(offender.Source4) || IsMulticastOrAbove(offender.Destination4))
            return false;
        return offender.Protocol != IpProtocol.Icmp || IsQuery(offender);
    }

    private static bool IsQuery(in IpPacket icmp) =>
        icmp.PayloadLength > 0 && (icmp.Payload[0] is Echo or EchoReply or TimestampRequest or TimestampReply);

    private static bool IsSingleHost(uint address) => address >> 24 is not (0 or 127) && !IsMulticastOrAbove(address);

    private static bool IsMulticastOrAbove(uint address) => address >> 28 >= 0xE;
}
