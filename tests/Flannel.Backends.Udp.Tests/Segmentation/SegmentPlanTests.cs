using System.Buffers.Binary;
using Flannel.Backends.Udp.Interop;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Tests.Packets;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Backends.Udp.Tests.Segmentation;

public sealed class SegmentPlanTests : IDisposable
{
    private readonly GuardedMemory _memory = new(2);

    [Fact]
    public void Split_TcpOverIPv4_GivesTheseBytes()
    {
        byte[] super = new PacketImage
        {
            Identification = 0xFFFF,
            Sequence = 0xFFFF_FFFE,
            Flags = TcpFlags.Ack | TcpFlags.Push | TcpFlags.Fin | TcpFlags.CongestionWindowReduced,
            Payload = [.. "abcdefg"u8],
        }.ToBytes();

        List<byte[]> segments = Split(Offload(LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV4 | LinuxVirtioNet.VIRTIO_NET_HDR_GSO_ECN, 3), super);

        // tcpdump -vv calls all three "correct".
        Assert.Equal(
            [
                "4500002bffff4000400623c10a0501010a05020227110050fffffffe0000004d509001f4aa410000616263",
                "4500002b00004000400623c10a0501010a05020227110050000000010000004d501001f4a4bc0000646566",
                "4500002900014000400623c20a0501010a05020227110050000000040000004d501901f40818000067",
            ],
            segments.Select(Convert.ToHexStringLower));
    }

    [Theory]
    [InlineData(LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV4, nameof(PacketDrop.None))]
    [InlineData(LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV6, nameof(PacketDrop.MalformedOffload))]
    [InlineData(LinuxVirtioNet.VIRTIO_NET_HDR_GSO_UDP_L4, nameof(PacketDrop.MalformedOffload))]
    [InlineData(LinuxVirtioNet.VIRTIO_NET_HDR_GSO_UDP, nameof(PacketDrop.UnsupportedOffload))]
    [InlineData(LinuxVirtioNet.VIRTIO_NET_HDR_GSO_NONE, nameof(PacketDrop.UnsupportedOffload))]
    [InlineData(2, nameof(PacketDrop.UnsupportedOffload))]
    public void Create_KindOfOffload_MustFitThePacket(byte kind, string expected)
    {
        LinuxVirtioNet.virtio_net_hdr offload = Offload(LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV4, 10) with { gso_type = kind };

        Assert.Equal(expected, TrySplit(offload, new PacketImage { Payload = new byte[30] }.ToBytes()).ToString());
    }

    [Fact]
    public void Create_ContradictoryOffload_IsRefused()
    {
        byte[] super = new PacketImage { Payload = new byte[30] }.ToBytes();
        LinuxVirtioNet.virtio_net_hdr good = Offload(LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV4, 10);

        Assert.Equal(PacketDrop.None, TrySplit(good with { hdr_len = 0xFFFF }, super));
        Assert.Equal(PacketDrop.MalformedOffload, TrySplit(good with { flags = 0 }, super));
        Assert.Equal(PacketDrop.MalformedOffload, TrySplit(good with { gso_size = 0 }, super));
        Assert.Equal(PacketDrop.MalformedOffload, TrySplit(good with { csum_start = 19 }, super));
        Assert.Equal(PacketDrop.MalformedOffload, TrySplit(good with { csum_start = 24 }, super));
        Assert.Equal(PacketDrop.MalformedOffload, TrySplit(good with { csum_offset = 6 }, super));
        Assert.Equal(PacketDrop.MalformedOffload, TrySplit(good, new PacketImage { FragmentField = 0x2000, Payload = new byte[30] }.ToBytes()));
    }

    [Theory]
    [InlineData(0x40)] // 16 bytes
    [InlineData(0xF0)] // 60, beyond the packet
    public void Create_DataOffsetThatLies_IsRefused(byte dataOffset)
    {
        byte[] super = new PacketImage { Payload = new byte[30] }.ToBytes();
        super[32] = dataOffset;

        Assert.Equal(PacketDrop.MalformedOffload, TrySplit(Offload(LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV4, 10), super));
    }

    [Fact]
    public void Create_IPv6ExtensionHeader_IsNotSupported()
    {
        byte[] super = new PacketImage { IsIPv6 = true, HasExtensionHeader = true, Payload = new byte[30] }.ToBytes();

        Assert.Equal(PacketDrop.UnsupportedOffload, TrySplit(Offload(LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV6, 10) with { csum_start = 48 }, super));
    }

    [Theory]
    [InlineData(50, nameof(PacketDrop.None))]
    [InlineData(49, nameof(PacketDrop.Oversized))]
    public void Create_SegmentsLongerThanAllowed_AreRefused(int maximumLength, string expected)
    {
        byte[] super = new PacketImage { Payload = new byte[30] }.ToBytes();

        PacketDrop drop = FastSegmenter.TrySplit(_memory, Offload(LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV4, 10), super, maximumLength, out _);

        Assert.Equal(expected, drop.ToString());
    }

    [Fact]
    public void Split_UdpChecksumOfZero_IsSentAsOnes()
    {
        var image = new PacketImage { Protocol = IpProtocol.Udp, Payload = [0, 0] };
        byte[] payload = image.ToBytes()[26..28];

        List<byte[]> segments = Split(
            Offload(LinuxVirtioNet.VIRTIO_NET_HDR_GSO_UDP_L4, 2),
            (image with { Payload = [.. payload, .. payload, 9] }).ToBytes());

        Assert.Equal(3, segments.Count);
        Assert.Equal("ffff", Convert.ToHexStringLower(segments[0].AsSpan(26, 2)));
        Assert.Equal("ffff", Convert.ToHexStringLower(segments[1].AsSpan(26, 2)));
    }

    [Fact]
    public void Split_AnySuperpacket_IsWhatACardWouldSend() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(800),
        Prop.ForAll(Seeds.Any, seed =>
        {
            var random = new Random(seed);
            (LinuxVirtioNet.virtio_net_hdr offload, byte[] super) = Superpacket(random);

            // Arrays inside a list would be compared byte by byte, each in an object of its own.
            Assert.Equal(SlowSegmenter.Split(offload, super), Split(offload, super), static (slow, fast) => slow.AsSpan().SequenceEqual(fast));
        }));

    [Fact]
    public void Split_HostilePacketsAndOffloads_StayInside() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(10_000),
        Prop.ForAll(Seeds.Any, seed =>
        {
            var random = new Random(seed);
            byte[] bytes = HostileBytes.Next(random);
            ushort[] sizes = [0, 1, 8, 19, 20, 28, 40, 60, 255, 1400, 65535, (ushort)random.Next(65536)];
            byte[] kinds = [1, 4, 5, 0x81, 0x84, 3, 0, (byte)random.Next(256)];
            ushort Size() => sizes[random.Next(sizes.Length)];
            LinuxVirtioNet.virtio_net_hdr offload = Fitting(bytes, Size());
            if (random.Next(3) == 0)
                offload.gso_type = kinds[random.Next(kinds.Length)];
            if (random.Next(4) == 0)
                (offload.csum_start, offload.csum_offset) = (Size(), Size());

            PacketDrop drop = FastSegmenter.TrySplit(_memory, offload, bytes, 2000, out List<byte[]> segments);

            Assert.True(drop == PacketDrop.None ? segments.Count > 0 : segments.Count == 0);
            Assert.All(segments, segment => Assert.InRange(segment.Length, 28, 2000));
        }));

    public void Dispose() => _memory.Dispose();

    internal static LinuxVirtioNet.virtio_net_hdr Offload(byte kind, int size)
    {
        bool isUdp = kind == LinuxVirtioNet.VIRTIO_NET_HDR_GSO_UDP_L4;
        bool isIPv6 = (kind & 0x7F) == LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV6;
        return new LinuxVirtioNet.virtio_net_hdr
        {
            flags = LinuxVirtioNet.VIRTIO_NET_HDR_F_NEEDS_CSUM,
            gso_type = kind,
            gso_size = (ushort)size,
            csum_start = (ushort)(isIPv6 ? 40 : 20),
            csum_offset = (ushort)(isUdp ? 6 : 16),
        };
    }

    /// <summary>The offload header that goes with what the bytes pretend to be.</summary>
    private static LinuxVirtioNet.virtio_net_hdr Fitting(byte[] bytes, int size)
    {
        if (bytes.Length < 20)
            return Offload(LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV4, size);
        bool isIPv6 = bytes[0] >> 4 == 6;
        byte tcpKind = isIPv6 ? LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV6 : LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV4;
        byte kind = bytes[isIPv6 ? 6 : 9] == IpProtocol.Udp ? LinuxVirtioNet.VIRTIO_NET_HDR_GSO_UDP_L4 : tcpKind;
        return Offload(kind, size) with { csum_start = (ushort)(isIPv6 ? 40 : (bytes[0] & 15) * 4) };
    }

    private static (LinuxVirtioNet.virtio_net_hdr Offload, byte[] Packet) Superpacket(Random random)
    {
        bool isIPv6 = random.Next(2) == 0;
        bool isUdp = random.Next(2) == 0;
        byte[] payload = new byte[random.Next(5) == 0 ? random.Next(1, 60_000) : random.Next(1, 4000)];
        random.NextBytes(payload);
        byte[] tcpOptions = new byte[4 * random.Next(11)];
        random.NextBytes(tcpOptions);
        var image = new PacketImage
        {
            IsIPv6 = isIPv6,
            Protocol = isUdp ? IpProtocol.Udp : IpProtocol.Tcp,
            Flow = random.Next(256),
            TrafficClass = (byte)random.Next(256),
            Identification = (ushort)random.Next(65536),
            FragmentField = (ushort)(random.Next(2) * 0x4000),
            IpOptions = isIPv6 ? [] : [.. Enumerable.Repeat((byte)1, 4 * random.Next(3) * random.Next(6))],
            Sequence = (uint)random.NextInt64(1L << 32),
            Acknowledgement = (uint)random.NextInt64(1L << 32),
            Flags = (byte)random.Next(256),
            Reserved = (byte)random.Next(16),
            Urgent = (ushort)random.Next(65536),
            TcpOptions = tcpOptions,
            Payload = payload,
        };
        byte[] bytes = image.ToBytes();
        int ip = isIPv6 ? 40 : (bytes[0] & 15) * 4;
        random.NextBytes(bytes.AsSpan(ip + (isUdp ? 6 : 16), 2)); // whatever the checksum field holds, it is not used
        if (isUdp)
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(ip + 4), (ushort)random.Next(65536));
        byte tcpKind = isIPv6 ? LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV6 : LinuxVirtioNet.VIRTIO_NET_HDR_GSO_TCPV4;
        byte kind = isUdp ? LinuxVirtioNet.VIRTIO_NET_HDR_GSO_UDP_L4 : tcpKind;
        int size = random.Next(1 + (payload.Length / 300), 1500); // a naive segmenter is slow with very many
        return (Offload(kind, size) with { csum_start = (ushort)ip, hdr_len = (ushort)random.Next(65536) }, bytes);
    }

    private List<byte[]> Split(LinuxVirtioNet.virtio_net_hdr offload, byte[] super)
    {
        Assert.Equal(PacketDrop.None, FastSegmenter.TrySplit(_memory, offload, super, 65535, out List<byte[]> segments));
        return segments;
    }

    private PacketDrop TrySplit(LinuxVirtioNet.virtio_net_hdr offload, byte[] super) => FastSegmenter.TrySplit(_memory, offload, super, 65535, out _);
}
