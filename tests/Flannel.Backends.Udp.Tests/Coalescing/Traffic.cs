using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Tests.Packets;

namespace Flannel.Backends.Udp.Tests.Coalescing;

/// <summary>Packets of several flows as they might arrive: mostly in order, sometimes with everything that can happen to a packet.</summary>
internal sealed class Traffic
{
    private readonly Random _random;
    private readonly PacketImage[] _next;
    private readonly int[] _sizes;

    public Traffic(Random random, int flows)
    {
        _random = random;
        _next = [.. Enumerable.Range(1, flows).Select(NewFlow)];
        _sizes = [.. _next.Select(_ => NewSize())];
    }

    public byte[] Next()
    {
        int flow = _random.Next(_random.Next(_next.Length) + 1); // the first ones are busier
        if (_random.Next(40) == 0)
            _sizes[flow] = NewSize();
        int size = _random.Next(12) == 0 ? _random.Next(_sizes[flow] + 4) : _sizes[flow];
        byte[] payload = new byte[size];
        _random.NextBytes(payload);
        PacketImage packet = _next[flow] with { Payload = payload };
        PacketImage sent = _random.Next(4) == 0 ? Odd(packet) : packet;
        _next[flow] = packet with
        {
            Sequence = packet.Sequence + (uint)size,
            Identification = (ushort)(packet.Identification + 1),
            Acknowledgement = packet.Acknowledgement + (uint)(_random.Next(30) == 0 ? 100 : 0),
        };
        byte[] bytes = sent.ToBytes();
        return _random.Next(10) == 0 ? [.. bytes, 0xEE, 0xEE, 0xEE] : bytes;
    }

    private PacketImage NewFlow(int flow) => new()
    {
        // Two flows share two hosts now and then, so that what ends the runs between them is seen.
        Flow = (flow + 1) / 2,
        Host = _random.Next(3) == 0 ? 2 : 3,
        IsIPv6 = _random.Next(3) == 0,
        Protocol = _random.Next(3) == 0 ? IpProtocol.Udp : IpProtocol.Tcp,
        Sequence = _random.Next(2) == 0 ? uint.MaxValue - 2000 : (uint)_random.Next(),
        Identification = (ushort)(_random.Next(2) == 0 ? 65530 : 0),
        FragmentField = (ushort)(_random.Next(3) == 0 ? 0 : 0x4000),
        TcpOptions = _random.Next(2) == 0 ? [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2] : [],
        TrafficClass = (byte)_random.Next(4),
        Flags = (byte)(TcpFlags.Ack | (_random.Next(4) == 0 ? TcpFlags.EcnEcho : 0)),
    };

    private int NewSize() => _random.Next(6) switch
    {
        0 => _random.Next(1, 9),
        1 => _random.Next(5000, 15_000),
        _ => _random.Next(1, 1500),
    };

    private PacketImage Odd(PacketImage packet) => _random.Next(26) switch
    {
        0 => packet with { Flags = (byte)(packet.Flags | TcpFlags.Push) },
        1 => packet with { Flags = (byte)(packet.Flags | TcpFlags.Push) },
        2 => packet with { Flags = (byte)(packet.Flags | TcpFlags.Fin) },
        3 => packet with { Flags = (byte)_random.Next(256) },
        4 => packet with { Flags = (byte)(packet.Flags ^ TcpFlags.EcnEcho) },
        5 => packet with { Flags = (byte)(packet.Flags | TcpFlags.CongestionWindowReduced) },
        6 or 7 => packet with { Payload = [] },
        8 => packet with { Sequence = packet.Sequence + 1 },
        9 => packet with { Sequence = packet.Sequence - (uint)packet.Payload.Length },
        10 => packet with { Window = 501 },
        11 => packet with { Urgent = 1 },
        12 => packet with { Reserved = 1 },
        13 => packet with { TcpOptions = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 3] },
        14 => packet with { TcpOptions = [1, 1, 1, 0] },
        15 => packet with { TrafficClass = (byte)(packet.TrafficClass ^ (1 << _random.Next(8))) },
        16 => packet with { HopLimit = 63 },
        17 => packet with { Identification = (ushort)_random.Next(65536) },
        18 => packet with { FragmentField = (ushort)(_random.Next(2) == 0 ? packet.FragmentField ^ 0x4000 : _random.Next(65536)) },
        19 => packet with { IpOptions = packet.IsIPv6 ? [] : [1, 1, 1, 0] },
        20 => packet with { HasExtensionHeader = packet.IsIPv6 },
        21 => packet with { HasBadHeaderChecksum = true },
        22 => packet with { HasBadChecksum = true },
        23 => packet with { HasNoUdpChecksum = true },
        24 => packet with { UdpLengthError = _random.Next(2) == 0 ? 1 : -1 },
        _ => packet with { Protocol = IpProtocol.Icmp },
    };
}
