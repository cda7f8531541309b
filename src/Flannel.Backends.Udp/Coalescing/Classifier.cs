using Flannel.Backends.Udp.Checksums;
using Flannel.Backends.Udp.Packets;

namespace Flannel.Backends.Udp.Coalescing;

/// <summary>Says of a single packet what the kernel's GRO would: whether segmenting could ever give it back exactly.</summary>
internal static unsafe class Classifier
{
    private const int UdpHeaderLength = 8;
    private const ushort NoUdpChecksum = 0;

    /// <summary>Looks at the headers of one packet; the checksums are not verified here.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="key">Its flow, without ports if it is <see cref="CoalescingClass.Opaque"/>.</param>
    /// <param name="headerLength">Bytes in front of the payload; only for <see cref="CoalescingClass.Mergeable"/>.</param>
    public static CoalescingClass Classify(in IpPacket packet, out FlowKey key, out int headerLength)
    {
        headerLength = 0;
        bool hasOptions = !packet.IsIPv6 && packet.HeaderLength != IpPacket.IPv4HeaderLength;
        if (!hasOptions && !packet.IsFragment)
        {
            if (packet.Protocol == IpProtocol.Tcp && packet.PayloadLength >= TcpHeader.MinimumLength)
            {
                key = FlowKey.Of(packet);
                return ClassifyTcp(packet, out headerLength);
            }

            if (packet.Protocol == IpProtocol.Udp && packet.PayloadLength >= UdpHeaderLength)
            {
                key = FlowKey.Of(packet);
                headerLength = packet.HeaderLength + UdpHeaderLength;
                return ClassifyUdp(packet);
            }
        }

        key = FlowKey.WithoutPorts(packet);
        return CoalescingClass.Opaque;
    }

    private static CoalescingClass ClassifyTcp(in IpPacket packet, out int headerLength)
    {
        byte* tcp = packet.Payload;
        int tcpLength = TcpHeader.LengthOf(tcp);
        headerLength = packet.HeaderLength + tcpLength;
        if (tcpLength < TcpHeader.MinimumLength || tcpLength > packet.PayloadLength)
            return CoalescingClass.InOrder;

        int flags = tcp[13];
        bool hasPayload = packet.Length > headerLength;
        if (!hasPayload)
            return (flags & ~TcpFlags.EcnEcho) == TcpFlags.Ack ? CoalescingClass.Acknowledgement : CoalescingClass.InOrder;
        if ((flags & ~(TcpFlags.Push | TcpFlags.EcnEcho)) != TcpFlags.Ack)
            return CoalescingClass.InOrder;

        // Correct, but no sender computes all ones, and segmenting would give back zero.
        ushort checksum = NetworkOrder.ReadUInt16(tcp + InternetChecksum.TcpChecksumOffset);
        return checksum == ushort.MaxValue ? CoalescingClass.InOrder : CoalescingClass.Mergeable;
    }

    private static CoalescingClass ClassifyUdp(in IpPacket packet)
    {
        byte* udp = packet.Payload;
        bool mergeable = NetworkOrder.ReadUInt16(udp + 4) == packet.PayloadLength
            && packet.PayloadLength > UdpHeaderLength
            && NetworkOrder.ReadUInt16(udp + InternetChecksum.UdpChecksumOffset) != NoUdpChecksum;
        return mergeable ? CoalescingClass.Mergeable : CoalescingClass.InOrder;
    }
}
