using System.Runtime.CompilerServices;
using Flannel.Backends.Udp.Checksums;

namespace Flannel.Backends.Udp.Packets;

/// <summary>
/// An IPv4 or IPv6 packet in memory, its header checked and what follows it in the datagram left out. A view: valid as long as the memory is.
/// </summary>
internal readonly unsafe struct IpPacket
{
    public const int IPv4HeaderLength = 20;
    public const int IPv6HeaderLength = 40;

    private const ushort DoNotFragment = 0x4000;
    private const ushort MoreFragmentsAndOffset = 0x3FFF;
    private const ushort Offset = 0x1FFF;

    private IpPacket(byte* start, int length, int headerLength)
    {
        Start = start;
        Length = length;
        HeaderLength = headerLength;
    }

    /// <summary>The first byte of the header.</summary>
    public byte* Start { get; }

    /// <summary>Bytes of the packet as its header says; never more than arrived.</summary>
    public int Length { get; }

    /// <summary>Bytes of the IPv4 header with its options, or 40: IPv6 extension headers count as payload.</summary>
    public int HeaderLength { get; }

    public bool IsIPv6 => *Start >> 4 == 6;

    /// <summary>The IPv4 protocol, or IPv6's next header.</summary>
    public byte Protocol => Start[IsIPv6 ? 6 : 9];

    /// <summary>What follows the header.</summary>
    public byte* Payload => Start + HeaderLength;

    public int PayloadLength => Length - HeaderLength;

    /// <summary>Time to live or hop limit.</summary>
    public byte HopLimit => Start[IsIPv6 ? 7 : 8];

    /// <summary>Source of an IPv4 packet.</summary>
    public uint Source4 => NetworkOrder.ReadUInt32(Start + 12);

    /// <summary>Destination of an IPv4 packet.</summary>
    public uint Destination4 => NetworkOrder.ReadUInt32(Start + 16);

    /// <summary>Source of an IPv6 packet.</summary>
    public UInt128 Source6 => NetworkOrder.ReadUInt128(Start + 8);

    /// <summary>Destination of an IPv6 packet.</summary>
    public UInt128 Destination6 => NetworkOrder.ReadUInt128(Start + 24);

    /// <summary>Identification of an IPv4 packet.</summary>
    public ushort Identification => NetworkOrder.ReadUInt16(Start + 4);

    /// <summary>True if routers must not fragment it; always so in IPv6.</summary>
    public bool MayNotBeFragmented => IsIPv6 || (FragmentField & DoNotFragment) != 0;

    /// <summary>True for any fragment, the first one included. In IPv6 only a fragment header in the first place is seen.</summary>
    public bool IsFragment => IsIPv6 ? Protocol == IpProtocol.Fragment : (FragmentField & MoreFragmentsAndOffset) != 0;

    /// <summary>True for an IPv4 fragment without the transport header.</summary>
    public bool IsLaterFragment => !IsIPv6 && (FragmentField & Offset) != 0;

    private ushort FragmentField => NetworkOrder.ReadUInt16(Start + 6);

    /// <summary>Checks the header of a datagram: version, header length, total length.</summary>
    /// <param name="datagram">The bytes that arrived.</param>
    /// <param name="length">Their count.</param>
    /// <param name="packet">The packet, cut to the length in its header; undefined unless the result is <see cref="PacketDrop.None"/>.</param>
    public static PacketDrop Parse(byte* datagram, int length, out IpPacket packet)
    {
        Unsafe.SkipInit(out packet);
        if (length < IPv4HeaderLength)
            return PacketDrop.TooShort;
        return (*datagram >> 4) switch
        {
            4 => ParseIPv4(datagram, length, out packet),
            6 => ParseIPv6(datagram, length, out packet),
            _ => PacketDrop.WrongVersion,
        };
    }

    /// <summary>
    /// Takes one from the time to live or hop limit and patches the IPv4 checksum: HC' = ~(~HC + ~m + m') (RFC 1624 §3). A packet that has
    /// none left is not touched, so that it can be quoted in an ICMP message.
    /// </summary>
    public PacketDrop DecrementHopLimit()
    {
        if (HopLimit <= 1)
            return PacketDrop.HopLimitExceeded;
        if (IsIPv6)
        {
            Start[7]--;
            return PacketDrop.None;
        }

        uint before = Unsafe.ReadUnaligned<ushort>(Start + 8);
        Start[8]--;
        uint after = Unsafe.ReadUnaligned<ushort>(Start + 8);
        ushort checksum = Unsafe.ReadUnaligned<ushort>(Start + 10);
        Unsafe.WriteUnaligned(Start + 10, InternetChecksum.Complement((ulong)(ushort)~checksum + (ushort)~before + after));
        return PacketDrop.None;
    }

    private static PacketDrop ParseIPv4(byte* datagram, int length, out IpPacket packet)
    {
        Unsafe.SkipInit(out packet);
        int headerLength = (*datagram & 0xF) * 4;
        if (headerLength < IPv4HeaderLength || headerLength > length)
            return PacketDrop.BadHeaderLength;
        int totalLength = NetworkOrder.ReadUInt16(datagram + 2);
        if (totalLength < headerLength || totalLength > length)
            return PacketDrop.BadLength;
        packet = new IpPacket(datagram, totalLength, headerLength);
        return PacketDrop.None;
    }

    private static PacketDrop ParseIPv6(byte* datagram, int length, out IpPacket packet)
    {
        Unsafe.SkipInit(out packet);
        if (length < IPv6HeaderLength)
            return PacketDrop.TooShort;
        int totalLength = IPv6HeaderLength + NetworkOrder.ReadUInt16(datagram + 4);
        if (totalLength > length)
            return PacketDrop.BadLength;
        packet = new IpPacket(datagram, totalLength, IPv6HeaderLength);
        return PacketDrop.None;
    }
}
