using System.Buffers.Binary;
using Flannel.Backends.Udp.Packets;

namespace Flannel.Backends.Udp.Tests.Packets;

/// <summary>A packet to be written down byte by byte, right unless told otherwise.</summary>
internal sealed record PacketImage
{
    public bool IsIPv6 { get; init; }

    public byte Protocol { get; init; } = IpProtocol.Tcp;

    /// <summary>Last byte of the source address, and the source port.</summary>
    public int Flow { get; init; } = 1;

    /// <summary>Last byte of the destination address.</summary>
    public int Host { get; init; } = 2;

    public byte TrafficClass { get; init; }

    public byte HopLimit { get; init; } = 64;

    public ushort Identification { get; init; } = 1;

    public ushort FragmentField { get; init; } = 0x4000;

    public byte[] IpOptions { get; init; } = [];

    public bool HasExtensionHeader { get; init; }

    public uint Sequence { get; init; } = 1000;

    public uint Acknowledgement { get; init; } = 77;

    public byte Flags { get; init; } = TcpFlags.Ack;

    public byte Reserved { get; init; }

    public ushort Window { get; init; } = 500;

    public ushort Urgent { get; init; }

    public byte[] TcpOptions { get; init; } = [];

    public byte[] Payload { get; init; } = [];

    /// <summary>Added to what the UDP length should be.</summary>
    public int UdpLengthError { get; init; }

    public bool HasNoUdpChecksum { get; init; }

    public bool HasBadHeaderChecksum { get; init; }

    public bool HasBadChecksum { get; init; }

    public byte[] Addresses => IsIPv6
        ? [0xFD, 0, .. new byte[13], (byte)Flow, 0xFD, 1, .. new byte[13], (byte)Host]
        : [10, 5, 1, (byte)Flow, 10, 5, 2, (byte)Host];

    public byte[] ToBytes()
    {
        byte[] transport = Protocol switch
        {
            IpProtocol.Tcp => Tcp(),
            IpProtocol.Udp => Udp(),
            _ => Payload,
        };
        byte[] extension = HasExtensionHeader ? [Protocol, 0, 1, 4, 0, 0, 0, 0] : [];
        return IsIPv6
            ? [.. IPv6Header(extension.Length + transport.Length), .. extension, .. transport]
            : [.. IPv4Header(transport.Length), .. transport];
    }

    private byte[] IPv4Header(int payloadLength)
    {
        int length = 20 + IpOptions.Length;
        byte[] header =
        [
            (byte)(0x40 | (length / 4)), TrafficClass, .. Word(length + payloadLength), .. Word(Identification), .. Word(FragmentField),
            HopLimit, Protocol, 0, 0, .. Addresses, .. IpOptions,
        ];
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(10), (ushort)(NaiveChecksum.Of(header) + (HasBadHeaderChecksum ? 1 : 0)));
        return header;
    }

    private byte[] IPv6Header(int payloadLength) =>
    [
        (byte)(0x60 | (TrafficClass >> 4)), (byte)(TrafficClass << 4), 0, 9, .. Word(payloadLength),
        HasExtensionHeader ? IpProtocol.DestinationOptions : Protocol, HopLimit, .. Addresses,
    ];

    private byte[] Tcp()
    {
        byte[] segment =
        [
            .. Word(10_000 + Flow), .. Word(80), .. DoubleWord(Sequence), .. DoubleWord(Acknowledgement),
            (byte)(((20 + TcpOptions.Length) << 2) | Reserved), Flags, .. Word(Window), 0, 0, .. Word(Urgent), .. TcpOptions, .. Payload,
        ];
        int checksum = NaiveChecksum.OfTransport(Addresses, Protocol, segment) + (HasBadChecksum ? 1 : 0);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(16), (ushort)checksum);
        return segment;
    }

    private byte[] Udp()
    {
        byte[] datagram = [.. Word(10_000 + Flow), .. Word(53), .. Word(8 + Payload.Length + UdpLengthError), 0, 0, .. Payload];
        int checksum = NaiveChecksum.OfTransport(Addresses, Protocol, datagram);
        checksum = checksum == 0 ? 0xFFFF : checksum;
        checksum = HasBadChecksum ? (checksum ^ 0x0100) : checksum;
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(6), (ushort)(HasNoUdpChecksum ? 0 : checksum));
        return datagram;
    }

    private static byte[] Word(int value) => [(byte)(value >> 8), (byte)value];

    private static byte[] DoubleWord(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];
}
