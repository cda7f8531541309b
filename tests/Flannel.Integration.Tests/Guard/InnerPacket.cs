using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Flannel.Integration.Tests.Guard;

/// <summary>A UDP packet as bytes, and what tunnels put around it: what a host sends that writes its packets itself.</summary>
internal static class InnerPacket
{
    private const int VlanTagSize = 4;
    private const int EthernetSize = 14;
    private const int VxlanSize = 8;
    private const int UdpSize = 8;
    private const byte Udp = 17;

    /// <summary>An IP packet with one UDP datagram, checksums included.</summary>
    public static byte[] Write(IPAddress source, IPAddress destination, int port, ReadOnlySpan<byte> payload)
    {
        bool isIPv4 = source.AddressFamily == AddressFamily.InterNetwork;
        int header = isIPv4 ? 20 : 40;
        byte[] packet = new byte[header + UdpSize + payload.Length];
        int length = packet.Length - header;
        if (isIPv4)
        {
            packet[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            packet[8] = 64;
            packet[9] = Udp;
            source.TryWriteBytes(packet.AsSpan(12), out _);
            destination.TryWriteBytes(packet.AsSpan(16), out _);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Checksum(packet.AsSpan(0, header)));
        }
        else
        {
            packet[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)length);
            packet[6] = Udp;
            packet[7] = 64;
            source.TryWriteBytes(packet.AsSpan(8), out _);
            destination.TryWriteBytes(packet.AsSpan(24), out _);
        }

        Span<byte> udp = packet.AsSpan(header);
        BinaryPrimitives.WriteUInt16BigEndian(udp, (ushort)port);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], (ushort)port);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)length);
        payload.CopyTo(udp[UdpSize..]);
        BinaryPrimitives.WriteUInt16BigEndian(
            udp[6..], Checksum([.. source.GetAddressBytes(), .. destination.GetAddressBytes(), 0, Udp, 0, (byte)length, .. udp]));
        return packet;
    }

    /// <summary>An ARP request to everybody as VXLAN's UDP datagram carries it (RFC 826).</summary>
    public static byte[] WrapArpInVxlan(int vni, PhysicalAddress from, IPAddress source, IPAddress wanted)
    {
        byte[] request =
        [
            0, 1, 0x08, 0, 6, 4, 0, 1, .. from.GetAddressBytes(), .. source.GetAddressBytes(), 0, 0, 0, 0, 0, 0, .. wanted.GetAddressBytes(),
        ];
        byte[] payload = WrapInVxlan(request, vni, from, PhysicalAddress.Parse("FF-FF-FF-FF-FF-FF"));
        BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(VxlanSize + EthernetSize - 2), 0x0806);
        return payload;
    }

    /// <summary>What VXLAN's UDP datagram carries: its header, an Ethernet header, VLAN tags of 0 (which stand for no VLAN) and the packet.</summary>
    public static byte[] WrapInVxlan(byte[] packet, int vni, PhysicalAddress from, PhysicalAddress to, int vlanTags = 0)
    {
        int size = VxlanSize + EthernetSize + (vlanTags * VlanTagSize);
        byte[] payload = new byte[size + packet.Length];
        payload[0] = 0x08;
        BinaryPrimitives.WriteInt32BigEndian(payload.AsSpan(4), vni << 8);
        to.GetAddressBytes().CopyTo(payload.AsSpan(VxlanSize));
        from.GetAddressBytes().CopyTo(payload.AsSpan(VxlanSize + 6));
        for (int tag = 0; tag < vlanTags; tag++) BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(VxlanSize + 12 + (tag * VlanTagSize)), 0x8100);
        BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(size - 2), (ushort)(packet[0] >> 4 == 4 ? 0x0800 : 0x86DD));
        packet.CopyTo(payload.AsSpan(size));
        return payload;
    }

    /// <summary>Splits a packet in two fragments, of which the first holds the UDP header and nothing behind it.</summary>
    public static byte[][] Split(byte[] packet, ushort id)
    {
        bool isIPv4 = packet[0] >> 4 == 4;
        int header = isIPv4 ? 20 : 40;
        return [Fragment(0, UdpSize, hasMore: true), Fragment(UdpSize, packet.Length - header - UdpSize, hasMore: false)];

        byte[] Fragment(int offset, int length, bool hasMore)
        {
            ReadOnlySpan<byte> part = packet.AsSpan(header + offset, length);
            if (isIPv4)
            {
                byte[] fragment = [.. packet[..header], .. part];
                BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(2), (ushort)fragment.Length);
                BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(4), id);
                BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(6), (ushort)((hasMore ? 0x2000 : 0) | (offset / 8)));
                return fragment;
            }

            byte[] fragmentV6 =
                [.. packet[..header], Udp, 0, (byte)(offset >> 8), (byte)(offset | (hasMore ? 1 : 0)), 0, 0, (byte)(id >> 8), (byte)id, .. part];
            fragmentV6[6] = 44;
            BinaryPrimitives.WriteUInt16BigEndian(fragmentV6.AsSpan(4), (ushort)(fragmentV6.Length - header));
            return fragmentV6;
        }
    }

    // RFC 1071.
    private static ushort Checksum(ReadOnlySpan<byte> data)
    {
        uint sum = 0;
        for (int index = 0; index < data.Length; index++) sum += (uint)data[index] << (index % 2 == 0 ? 8 : 0);
        while (sum > ushort.MaxValue) sum = (sum >> 16) + (sum & ushort.MaxValue);
        return (ushort)~sum;
    }
}
