using System.Buffers.Binary;
using System.Net.Sockets;

namespace Flannel.Lab.Pinging;

/// <summary>The few ICMP (RFC 792) and ICMPv6 (RFC 4443) messages that a pinger sends and understands.</summary>
internal readonly record struct IcmpMessage(ushort Identifier, ushort Sequence, IcmpErrorKind? Error, int Mtu)
{
    internal const int HeaderSize = 8;
    private const int IPv4HeaderSize = 20;
    private const int IPv6HeaderSize = 40;

    internal static int IpHeaderSize(AddressFamily family) => family == AddressFamily.InterNetwork ? IPv4HeaderSize : IPv6HeaderSize;

    /// <summary>Writes an echo request over the whole span.</summary>
    internal static void WriteEchoRequest(Span<byte> message, AddressFamily family, ushort identifier, ushort sequence)
    {
        message.Clear();
        message[0] = (byte)(family == AddressFamily.InterNetwork ? 8 : 128);
        BinaryPrimitives.WriteUInt16BigEndian(message[4..], identifier);
        BinaryPrimitives.WriteUInt16BigEndian(message[6..], sequence);
        if (family == AddressFamily.InterNetwork) // the kernel computes the checksum of ICMPv6, for it covers the source address
            BinaryPrimitives.WriteUInt16BigEndian(message[2..], Checksum(message));
    }

    /// <summary>
    /// Reads an echo reply, or an error about an echo request, from what a raw socket delivers; IPv4 comes with its header, IPv6 without.
    /// </summary>
    internal static IcmpMessage? Read(ReadOnlySpan<byte> packet, AddressFamily family)
    {
        if (family == AddressFamily.InterNetwork)
        {
            int header = packet.Length >= IPv4HeaderSize ? (packet[0] & 0xf) * 4 : int.MaxValue;
            return packet.Length >= header + HeaderSize ? ReadIPv4(packet[header..]) : null;
        }

        return packet.Length >= HeaderSize ? ReadIPv6(packet) : null;
    }

    private static IcmpMessage? ReadIPv4(ReadOnlySpan<byte> icmp) => icmp[0] switch
    {
        0 => Echo(icmp, null, 0),
        3 when icmp[1] == 4 => About(icmp, IcmpErrorKind.PacketTooBig, BinaryPrimitives.ReadUInt16BigEndian(icmp[6..])),
        3 => About(icmp, IcmpErrorKind.Unreachable, 0),
        11 => About(icmp, IcmpErrorKind.TimeExceeded, 0),
        _ => null,
    };

    private static IcmpMessage? ReadIPv6(ReadOnlySpan<byte> icmp) => icmp[0] switch
    {
        129 => Echo(icmp, null, 0),
        1 => AboutIPv6(icmp, IcmpErrorKind.Unreachable, 0),
        2 => AboutIPv6(icmp, IcmpErrorKind.PacketTooBig, BinaryPrimitives.ReadInt32BigEndian(icmp[4..])),
        3 => AboutIPv6(icmp, IcmpErrorKind.TimeExceeded, 0),
        _ => null,
    };

    // An error carries the packet it is about: its IP header and at least 8 bytes more.
    private static IcmpMessage? About(ReadOnlySpan<byte> icmp, IcmpErrorKind error, int mtu)
    {
        ReadOnlySpan<byte> original = icmp[HeaderSize..];
        int header = original.Length >= IPv4HeaderSize ? (original[0] & 0xf) * 4 : int.MaxValue - HeaderSize;
        return original.Length >= header + HeaderSize && original[header] == 8 ? Echo(original[header..], error, mtu) : null;
    }

    private static IcmpMessage? AboutIPv6(ReadOnlySpan<byte> icmp, IcmpErrorKind error, int mtu)
    {
        ReadOnlySpan<byte> original = icmp[HeaderSize..];
        bool isEchoRequest = original.Length >= IPv6HeaderSize + HeaderSize && original[IPv6HeaderSize] == 128;
        return isEchoRequest ? Echo(original[IPv6HeaderSize..], error, mtu) : null;
    }

    private static IcmpMessage Echo(ReadOnlySpan<byte> echo, IcmpErrorKind? error, int mtu) => new(
        BinaryPrimitives.ReadUInt16BigEndian(echo[4..]), BinaryPrimitives.ReadUInt16BigEndian(echo[6..]), error, mtu);

    // RFC 1071.
    private static ushort Checksum(ReadOnlySpan<byte> data)
    {
        uint sum = 0;
        for (; data.Length > 1; data = data[2..])
            sum += BinaryPrimitives.ReadUInt16BigEndian(data);
        if (data.Length == 1)
            sum += (uint)data[0] << 8;
        while (sum > ushort.MaxValue)
            sum = (sum >> 16) + (sum & ushort.MaxValue);
        return (ushort)~sum;
    }
}
