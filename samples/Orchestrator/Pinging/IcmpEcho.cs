using System.Buffers.Binary;
using System.Net.Sockets;

namespace Orchestrator.Pinging;

/// <summary>The echo request and reply of ICMP (RFC 792) and ICMPv6 (RFC 4443), as raw sockets send and deliver them.</summary>
internal static class IcmpEcho
{
    /// <summary>The length of a request with the 56 bytes of payload that ping sends.</summary>
    public const int RequestSize = HeaderSize + 56;

    private const int HeaderSize = 8;

    public static void WriteRequest(Span<byte> message, AddressFamily family, ushort sequence)
    {
        message.Clear();
        message[0] = (byte)(family == AddressFamily.InterNetwork ? 8 : 128);
        BinaryPrimitives.WriteUInt16BigEndian(message[6..], sequence);
        // the kernel does it for ICMPv6
        if (family == AddressFamily.InterNetwork) BinaryPrimitives.WriteUInt16BigEndian(message[2..], Checksum(message));
    }

    /// <summary>Reads the sequence number of a reply; raw sockets deliver everything else as well.</summary>
    public static bool TryReadReply(ReadOnlySpan<byte> packet, AddressFamily family, out ushort sequence)
    {
        sequence = 0;
        bool isIPv4 = family == AddressFamily.InterNetwork;
        int ipHeader = isIPv4 && packet.Length > 0 ? (packet[0] & 0xf) * 4 : 0; // IPv6 packets come without
        if (packet.Length < ipHeader + HeaderSize || packet[ipHeader] != (isIPv4 ? 0 : 129)) return false;
        sequence = BinaryPrimitives.ReadUInt16BigEndian(packet[(ipHeader + 6)..]);
        return true;
    }

    // RFC 1071, for an even length.
    private static ushort Checksum(ReadOnlySpan<byte> message)
    {
        uint sum = 0;
        for (int i = 0; i < message.Length; i += 2) sum += BinaryPrimitives.ReadUInt16BigEndian(message[i..]);
        while (sum > ushort.MaxValue) sum = (sum >> 16) + (sum & ushort.MaxValue);
        return (ushort)~sum;
    }
}
