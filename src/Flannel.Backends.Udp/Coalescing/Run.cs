using Flannel.Backends.Udp.Checksums;
using Flannel.Backends.Udp.Packets;

namespace Flannel.Backends.Udp.Coalescing;

/// <summary>Consecutive packets of one flow that go to the kernel in one write; often just one packet.</summary>
internal unsafe struct Run
{
    /// <summary>The flow; of no meaning for a packet that was never mergeable.</summary>
    public FlowKey Key;

    /// <summary>The first packet: all others have its headers, but for what counts on.</summary>
    public IpPacket First;

    /// <summary>Index of the first packet in the batch.</summary>
    public int Head;

    /// <summary>Index of the last packet in the batch.</summary>
    public int Tail;

    public int Count;

    /// <summary>Bytes of IP and transport header of every packet.</summary>
    public int HeaderLength;

    /// <summary>Bytes of payload of the first packet, and of all but the last.</summary>
    public int SegmentSize;

    /// <summary>Bytes of payload of all packets.</summary>
    public int PayloadLength;

    /// <summary>True once the checksums of the first packet were found right; not asked before there is a second.</summary>
    public bool IsFirstVerified;

    public readonly bool IsTcp => First.Protocol == IpProtocol.Tcp;

    /// <summary>True if segmenting the run with <paramref name="packet"/> at its end would give back that packet, headers and all.</summary>
    public bool Continues(in IpPacket packet, int headerLength)
    {
        if (headerLength != HeaderLength || packet.Length - headerLength > SegmentSize)
            return false;
        if (!(packet.IsIPv6 ? ContinuesIPv6(packet) : ContinuesIPv4(packet)) || (IsTcp && !ContinuesTcp(packet.Payload)))
            return false;

        // What is written with NEEDS_CSUM is never verified again, so whoever merges must have verified.
        IsFirstVerified = IsFirstVerified || IsIntact(First);
        return IsFirstVerified && IsIntact(packet);
    }

    private readonly bool ContinuesIPv4(in IpPacket packet)
    {
        byte* first = First.Start;
        byte* other = packet.Start;
        if (first[1] != other[1] || first[8] != other[8] || first[6] != other[6] || first[7] != other[7])
            return false;

        // The identification of a packet that may not be fragmented means nothing (RFC 6864 §4.1); others count up when segmented.
        return packet.MayNotBeFragmented || packet.Identification == (ushort)(First.Identification + Count);
    }

    private readonly bool ContinuesIPv6(in IpPacket packet) =>
        // Version, traffic class and flow label in one word; then the hop limit.
        NetworkOrder.ReadUInt32(First.Start) == NetworkOrder.ReadUInt32(packet.Start) && First.HopLimit == packet.HopLimit;

    private readonly bool ContinuesTcp(byte* tcp)
    {
        byte* first = First.Payload;
        if (NetworkOrder.ReadUInt32(tcp + 4) != NetworkOrder.ReadUInt32(first + 4) + (uint)PayloadLength)
            return false;
        return Same(first, tcp, 8, 5) // acknowledgement, data offset and reserved bits
            && ((first[13] ^ tcp[13]) & ~TcpFlags.Push) == 0
            && Same(first, tcp, 14, 2) // window
            && Same(first, tcp, 18, HeaderLength - First.HeaderLength - 18); // urgent pointer and options, timestamps among them
    }

    private static bool Same(byte* left, byte* right, int offset, int length) =>
        new ReadOnlySpan<byte>(left + offset, length).SequenceEqual(new ReadOnlySpan<byte>(right + offset, length));

    private static bool IsIntact(in IpPacket packet)
    {
        // A header checksum of all ones is as good as zero, but segmenting gives back zero.
        if (!packet.IsIPv6 && (NetworkOrder.ReadUInt16(packet.Start + 10) == ushort.MaxValue || !InternetChecksum.HeaderIsValid(packet)))
            return false;
        return InternetChecksum.TransportIsValid(packet);
    }
}
