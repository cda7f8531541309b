using System.Runtime.CompilerServices;
using Flannel.Backends.Udp.Checksums;
using Flannel.Backends.Udp.Interop;
using Flannel.Backends.Udp.Packets;

namespace Flannel.Backends.Udp.Segmentation;

/// <summary>
/// How one superpacket of the kernel (TSO, USO) becomes packets of the wire, as a network card would do it. The payload stays where it is: a
/// segment is a header stamped into a side buffer and a slice of the superpacket, two pieces of one gathered send.
/// </summary>
/// <remarks>
/// The order of use is <see cref="Create"/>, then for every index <see cref="StampHeader"/>, <see cref="PayloadAt"/> and
/// <see cref="PayloadLengthAt"/>. The superpacket must not change in between.
/// </remarks>
internal unsafe struct SegmentPlan
{
    /// <summary>The longest header: 60 bytes of IPv4 and 60 of TCP. Side buffers take 128 per segment.</summary>
    public const int MaximumHeaderLength = 120;

    private const int UdpHeaderLength = 8;

    private byte* _packet;
    private int _transportOffset;
    private int _payloadLength;
    private ulong _networkSum;
    private ulong _transportSum;
    private bool _isIPv6;
    private bool _isUdp;

    /// <summary>Number of segments, at least one.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of the IP and transport header in front of every segment.</summary>
    public int HeaderLength { get; private set; }

    /// <summary>Bytes of payload in every segment but the last, which has as many or fewer.</summary>
    public int SegmentSize { get; private set; }

    /// <summary>Checks a superpacket and plans its segments.</summary>
    /// <param name="offload">
    /// What the kernel put in front of the packet. Its <c>hdr_len</c> is not used: for a forwarded packet it is the length of the first linear area.
    /// </param>
    /// <param name="packet">The superpacket.</param>
    /// <param name="maximumLength">The longest packet that may leave, in bytes.</param>
    /// <param name="plan">The plan; undefined unless the result is <see cref="PacketDrop.None"/>.</param>
    public static PacketDrop Create(in LinuxVirtioNet.virtio_net_hdr offload, in IpPacket packet, int maximumLength, out SegmentPlan plan)
    {
        plan = default;
        PacketDrop drop = CheckKind(offload, packet);
        if (drop != PacketDrop.None)
            return drop;
        plan._isUdp = packet.Protocol == IpProtocol.Udp;
        drop = CheckTransport(offload, packet, plan._isUdp, out int transportHeaderLength);
        if (drop != PacketDrop.None)
            return drop;

        plan._packet = packet.Start;
        plan._isIPv6 = packet.IsIPv6;
        plan._transportOffset = packet.HeaderLength;
        plan.HeaderLength = packet.HeaderLength + transportHeaderLength;
        plan._payloadLength = packet.Length - plan.HeaderLength;
        plan.SegmentSize = offload.gso_size;
        plan.Count = Math.Max(1, (plan._payloadLength + plan.SegmentSize - 1) / plan.SegmentSize);
        if (plan.HeaderLength + Math.Min(plan._payloadLength, plan.SegmentSize) > maximumLength)
            return PacketDrop.Oversized;
        plan.SumWhatSegmentsShare(packet, transportHeaderLength);
        return PacketDrop.None;
    }

    /// <summary>Where the payload of a segment begins, inside the superpacket.</summary>
    public readonly byte* PayloadAt(int index) => _packet + HeaderLength + (index * SegmentSize);

    /// <summary>Bytes of payload of a segment.</summary>
    public readonly int PayloadLengthAt(int index) => Math.Min(SegmentSize, _payloadLength - (index * SegmentSize));

    /// <summary>Writes the complete header of a segment, <see cref="HeaderLength"/> bytes with all checksums.</summary>
    /// <param name="index">The segment, from 0.</param>
    /// <param name="header">Where to; room for <see cref="MaximumHeaderLength"/> bytes.</param>
    public readonly void StampHeader(int index, byte* header)
    {
        Unsafe.CopyBlockUnaligned(header, _packet, (uint)HeaderLength);
        int payloadLength = PayloadLengthAt(index);
        if (_isIPv6)
            NetworkOrder.WriteUInt16(header + 4, HeaderLength - IpPacket.IPv6HeaderLength + payloadLength);
        else
            StampIPv4(header, index, HeaderLength + payloadLength);

        byte* transport = header + _transportOffset;
        int transportLength = HeaderLength - _transportOffset + payloadLength;
        ulong sum = _transportSum + InternetChecksum.Word(transportLength) + InternetChecksum.Sum(PayloadAt(index), payloadLength);
        if (_isUdp)
            StampUdp(transport, transportLength, sum);
        else
            StampTcp(transport, index, sum);
    }

    private static PacketDrop CheckKind(in LinuxVirtioNet.virtio_net_hdr offload, in IpPacket packet)
    {
        (bool known, byte protocol, bool versionFits) = (offload.gso_type & ~LinuxVirtioNet.VIRTIO_NET_HDR_GSO_ECN) switch
        {
            LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV4 => (true, IpProtocol.Tcp, !packet.IsIPv6),
            LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV6 => (true, IpProtocol.Tcp, packet.IsIPv6),
            LinuxVirtioNet.VIRTIO_NET_HDR_GSO_UDP_L4 => (true, IpProtocol.Udp, true),
            _ => (false, default, false),
        };
        if (!known)
            return PacketDrop.UnsupportedOffload;
        if (!versionFits || offload.gso_size == 0 || packet.IsFragment)
            return packet.IsIPv6 && versionFits && packet.IsFragment ? PacketDrop.UnsupportedOffload : PacketDrop.MalformedOffload;
        if (packet.Protocol == protocol)
            return PacketDrop.None;

        // Extension headers stand between IPv6 and the transport; we never ask for what we would have to walk.
        return packet.IsIPv6 ? PacketDrop.UnsupportedOffload : PacketDrop.MalformedOffload;
    }

    private static PacketDrop CheckTransport(in LinuxVirtioNet.virtio_net_hdr offload, in IpPacket packet, bool isUdp, out int headerLength)
    {
        // A device that segments also computes the checksum (virtio 1.2 §5.1.6.2), and where it does so is where the transport header begins.
        headerLength = UdpHeaderLength;
        int checksumOffset = isUdp ? InternetChecksum.UdpChecksumOffset : InternetChecksum.TcpChecksumOffset;
        if ((offload.flags & LinuxVirtioNet.VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0
            || offload.csum_start != packet.HeaderLength
            || offload.csum_offset != checksumOffset)
        {
            return PacketDrop.MalformedOffload;
        }

        if (isUdp)
            return packet.PayloadLength < UdpHeaderLength ? PacketDrop.MalformedOffload : PacketDrop.None;
        if (packet.PayloadLength < TcpHeader.MinimumLength)
            return PacketDrop.MalformedOffload;
        headerLength = TcpHeader.LengthOf(packet.Payload);
        return headerLength < TcpHeader.MinimumLength || headerLength > packet.PayloadLength ? PacketDrop.MalformedOffload : PacketDrop.None;
    }

    /// <summary>Sums the header words that are the same in all segments, so that a segment only adds its own and its payload.</summary>
    private void SumWhatSegmentsShare(in IpPacket packet, int transportHeaderLength)
    {
        if (!_isIPv6)
        {
            // Without total length (2), identification (4) and checksum (10).
            _networkSum = InternetChecksum.SumScalar(_packet, 2)
                + InternetChecksum.SumScalar(_packet + 6, 4)
                + InternetChecksum.SumScalar(_packet + 12, packet.HeaderLength - 12);
        }

        byte* transport = packet.Payload;
        _transportSum = InternetChecksum.SumPseudoHeader(packet, packet.Protocol) + InternetChecksum.SumScalar(transport, 4);
        if (!_isUdp)
        {
            // Ports are in; without sequence (4), data offset and flags (12) and checksum (16).
            _transportSum += InternetChecksum.SumScalar(transport + 8, 4)
                + InternetChecksum.SumScalar(transport + 14, 2)
                + InternetChecksum.SumScalar(transport + 18, transportHeaderLength - 18);
        }
    }

    private readonly void StampIPv4(byte* header, int index, int totalLength)
    {
        // Segments are numbered as the kernel numbers them (inet_gso_segment): one up each, wrapping.
        int identification = (ushort)(NetworkOrder.ReadUInt16(header + 4) + index);
        NetworkOrder.WriteUInt16(header + 2, totalLength);
        NetworkOrder.WriteUInt16(header + 4, identification);
        ulong sum = _networkSum + InternetChecksum.Word(totalLength) + InternetChecksum.Word(identification);
        Unsafe.WriteUnaligned(header + 10, InternetChecksum.Complement(sum));
    }

    private readonly void StampTcp(byte* tcp, int index, ulong sum)
    {
        NetworkOrder.WriteUInt32(tcp + 4, NetworkOrder.ReadUInt32(tcp + 4) + (uint)(index * SegmentSize));
        if (index < Count - 1)
            tcp[13] &= unchecked((byte)~(TcpFlags.Fin | TcpFlags.Push));
        if (index > 0)
            tcp[13] &= unchecked((byte)~TcpFlags.CongestionWindowReduced); // sent once per window (RFC 3168 §6.1.2)
        sum += Unsafe.ReadUnaligned<uint>(tcp + 4) + (ulong)Unsafe.ReadUnaligned<ushort>(tcp + 12);
        Unsafe.WriteUnaligned(tcp + InternetChecksum.TcpChecksumOffset, InternetChecksum.Complement(sum));
    }

    private static void StampUdp(byte* udp, int length, ulong sum)
    {
        // The length counts twice: in the pseudo-header and in the header.
        NetworkOrder.WriteUInt16(udp + 4, length);
        Unsafe.WriteUnaligned(udp + InternetChecksum.UdpChecksumOffset, InternetChecksum.ComplementUdp(sum + InternetChecksum.Word(length)));
    }
}
