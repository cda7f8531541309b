using System.Buffers.Binary;
using Flannel.Backends.Udp.Interop;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Tests.Packets;

namespace Flannel.Backends.Udp.Tests.Segmentation;

/// <summary>What a network card makes of a good superpacket, spelled out: every segment is the whole thing again with its fields set.</summary>
internal static class SlowSegmenter
{
    public static List<byte[]> Split(LinuxVirtioNet.virtio_net_hdr offload, byte[] packet)
    {
        bool isIPv6 = packet[0] >> 4 == 6;
        bool isUdp = (offload.gso_type & 0x7F) == LinuxVirtioNet.VIRTIO_NET_HDR_GSO_UDP_L4;
        int ip = isIPv6 ? 40 : (packet[0] & 15) * 4;
        int header = ip + (isUdp ? 8 : (packet[ip + 12] >> 4) * 4);
        int count = (packet.Length - header + offload.gso_size - 1) / offload.gso_size;
        var segments = new List<byte[]>();
        for (int index = 0; index < count; index++)
        {
            int start = header + (index * offload.gso_size);
            byte[] segment = [.. packet.AsSpan(0, header), .. packet.AsSpan(start, Math.Min(offload.gso_size, packet.Length - start))];
            if (isIPv6)
            {
                Write(segment, 4, segment.Length - 40);
            }
            else
            {
                Write(segment, 2, segment.Length);
                Write(segment, 4, BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(4)) + index);
                Write(segment, 10, 0);
                Write(segment, 10, NaiveChecksum.Of(segment.AsSpan(0, ip)));
            }

            if (isUdp)
            {
                Write(segment, ip + 4, segment.Length - ip);
            }
            else
            {
                uint sequence = BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(ip + 4));
                BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(ip + 4), sequence + (uint)(index * offload.gso_size));
                if (index > 0)
                    segment[ip + 13] &= 0x7F;
                if (index < count - 1)
                    segment[ip + 13] &= 0xFF - 0x09;
            }

            int field = ip + (isUdp ? 6 : 16);
            Write(segment, field, 0);
            byte[] addresses = isIPv6 ? segment[8..40] : segment[12..20];
            ushort checksum = NaiveChecksum.OfTransport(addresses, isUdp ? IpProtocol.Udp : IpProtocol.Tcp, segment.AsSpan(ip));
            Write(segment, field, isUdp && checksum == 0 ? 0xFFFF : checksum);
            segments.Add(segment);
        }

        return segments;
    }

    private static void Write(byte[] bytes, int offset, int value) => BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(offset), (ushort)value);
}
