using System.Buffers.Binary;
using System.Net;

namespace Flannel.Backends.Udp.Tests.Support;

/// <summary>Packets made by hand, byte by byte, without anything of the backend.</summary>
internal static class InnerPacket
{
    /// <summary>A UDP packet with all its checksums.</summary>
    public static byte[] Udp(
        string source, IPAddress destination, int port, byte[] payload, byte ttl = 64, ushort id = 1, ushort flags = 0x4000, ushort sourcePort = 5555)
    {
        byte[] packet = new byte[28 + payload.Length];
        payload.CopyTo(packet, 28);
        packet[0] = 0x45;
        Write(2, packet.Length);
        Write(4, id);
        Write(6, flags);
        packet[8] = ttl;
        packet[9] = 17;
        IPAddress.Parse(source).TryWriteBytes(packet.AsSpan(12), out _);
        destination.TryWriteBytes(packet.AsSpan(16), out _);
        Write(10, Checksum(packet.AsSpan(0, 20), 0));
        Write(20, sourcePort);
        Write(22, port);
        Write(24, 8 + payload.Length);
        uint pseudo = Sum(packet.AsSpan(12, 8)) + 17u + (uint)(8 + payload.Length);
        ushort checksum = Checksum(packet.AsSpan(20), pseudo);
        Write(26, checksum == 0 ? 0xFFFF : checksum);
        return packet;

        void Write(int offset, int value) => BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(offset), (ushort)value);
    }

    /// <summary>An IPv6 packet that is a header and nothing more.</summary>
    public static byte[] Empty(IPAddress source, IPAddress destination)
    {
        byte[] packet = new byte[40];
        packet[0] = 0x60;
        packet[6] = 59; // no next header
        packet[7] = 64;
        source.TryWriteBytes(packet.AsSpan(8), out _);
        destination.TryWriteBytes(packet.AsSpan(24), out _);
        return packet;
    }

    private static ushort Checksum(ReadOnlySpan<byte> data, uint sum)
    {
        sum += Sum(data);
        while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }

    private static uint Sum(ReadOnlySpan<byte> data)
    {
        uint sum = 0;
        for (int index = 0; index < data.Length; index++) sum += index % 2 == 0 ? (uint)data[index] << 8 : data[index];
        return sum;
    }
}
