using System.Buffers.Binary;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Flannel.Backends.Udp.Checksums;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Tests.Packets;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Backends.Udp.Tests.Checksums;

public sealed unsafe class InternetChecksumTests : IDisposable
{
    private readonly GuardedMemory _memory = new();

    [Fact]
    public void Sum_ExampleOfRfc1071_IsAsPrinted() =>
        Assert.Equal(0xDDF2, HostOrder(InternetChecksum.Fold(Sum(Convert.FromHexString("0001f203f4f5f6f7")))));

    [Theory]
    [InlineData(0ul, 0)]
    [InlineData(0xFFFFul, 0xFFFF)]
    [InlineData(0x1_0000ul, 1)]
    [InlineData(0xFFFF_FFFFul, 0xFFFF)]
    [InlineData(0x1_0000_0000ul, 1)]
    [InlineData(ulong.MaxValue, 0xFFFF)]
    [InlineData(0xFFFF_FFFF_FFFF_0000ul, 0xFFFF)]
    [InlineData(0xFFFF_FFFF_FFFF_FFFEul, 0xFFFE)]
    public void Fold_AnySum_CarriesAround(ulong sum, int expected) => Assert.Equal(expected, InternetChecksum.Fold(sum));

    [Fact]
    public void Sum_EveryLengthAndOffset_IsTheSameInAllWays()
    {
        byte[] pool = new byte[400];
        new Random(1).NextBytes(pool);
        for (int offset = 0; offset < 16; offset++)
        {
            for (int length = 0; length <= 300; length++)
                AssertAllWaysAgree(pool.AsSpan(offset, length));
        }
    }

    [Fact]
    public void Sum_LongerThanAnyPacket_DoesNotOverflow()
    {
        foreach (byte value in new byte[] { 0, 0x80, 0xFF })
        {
            byte[] bytes = new byte[3 << 18];
            Array.Fill(bytes, value);
            foreach (int length in new[] { 1 << 18, (1 << 18) + 1, bytes.Length })
            {
                fixed (byte* data = bytes) Assert.Equal(InternetChecksum.SumScalar(data, length) % 65535, InternetChecksum.Sum(data, length) % 65535);
            }
        }
    }

    [Fact]
    public void Sum_Ones_CarryWithoutLoss()
    {
        byte[] ones = new byte[65535];
        Array.Fill(ones, (byte)0xFF);
        for (int length = 65500; length <= ones.Length; length++)
            AssertAllWaysAgree(ones.AsSpan(0, length));
    }

    [Fact]
    public void Sum_LargeAndRandom_IsTheSameInAllWays() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(Seeds.Any, seed =>
        {
            var random = new Random(seed);
            byte[] bytes = new byte[random.Next(65536)];
            random.NextBytes(bytes);
            AssertAllWaysAgree(bytes);
        }));

    [Theory]
    [InlineData(false, IpProtocol.Tcp)]
    [InlineData(false, IpProtocol.Udp)]
    [InlineData(true, IpProtocol.Tcp)]
    [InlineData(true, IpProtocol.Udp)]
    public void TransportIsValid_OneBitWrong_SaysNo(bool isIPv6, byte protocol)
    {
        byte[] bytes = new PacketImage { IsIPv6 = isIPv6, Protocol = protocol, Payload = [1, 2, 3, 4, 5] }.ToBytes();
        Assert.True(InternetChecksum.TransportIsValid(Packet(bytes)));
        for (int index = isIPv6 ? 40 : 20; index < bytes.Length; index++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                bytes[index] ^= (byte)(1 << bit);
                Assert.False(InternetChecksum.TransportIsValid(Packet(bytes)));
                bytes[index] ^= (byte)(1 << bit);
            }
        }
    }

    [Fact]
    public void HeaderIsValid_WrongChecksum_SaysNo()
    {
        Assert.True(InternetChecksum.HeaderIsValid(Packet(new PacketImage().ToBytes())));
        Assert.False(InternetChecksum.HeaderIsValid(Packet(new PacketImage { HasBadHeaderChecksum = true }.ToBytes())));
    }

    [Theory]
    [InlineData(false, IpProtocol.Tcp, 16)]
    [InlineData(false, IpProtocol.Udp, 6)]
    [InlineData(true, IpProtocol.Tcp, 16)]
    [InlineData(true, IpProtocol.Udp, 6)]
    public void Complete_PartialChecksum_GivesTheFullOne(bool isIPv6, byte protocol, int offset)
    {
        var image = new PacketImage { IsIPv6 = isIPv6, Protocol = protocol, Payload = [1, 2, 3] };
        IpPacket packet = PartialOf(image, offset);

        Assert.Equal(PacketDrop.None, InternetChecksum.Complete(packet, packet.HeaderLength, offset));

        Assert.Equal(image.ToBytes(), new ReadOnlySpan<byte>(packet.Start, packet.Length).ToArray());
    }

    [Fact]
    public void Complete_UdpSumOfZero_IsSentAsOnes()
    {
        // The payload makes the sum come out as all ones, whose complement is zero.
        var image = new PacketImage { Protocol = IpProtocol.Udp, Payload = [0, 0] };
        ushort checksum = BinaryPrimitives.ReadUInt16BigEndian(image.ToBytes().AsSpan(26));
        image = image with { Payload = [(byte)(checksum >> 8), (byte)checksum] };
        IpPacket packet = PartialOf(image, InternetChecksum.UdpChecksumOffset);

        InternetChecksum.Complete(packet, 20, InternetChecksum.UdpChecksumOffset);

        Assert.Equal(0xFFFF, NetworkOrder.ReadUInt16(packet.Payload + 6));
        Assert.Equal(image.ToBytes(), new ReadOnlySpan<byte>(packet.Start, packet.Length).ToArray());
    }

    [Theory]
    [InlineData(19, 6)]
    [InlineData(0, 16)]
    [InlineData(20, 7)]
    [InlineData(28, 0)]
    [InlineData(65535, 65535)]
    [InlineData(20, 65535)]
    public void Complete_FieldOutsideThePayload_IsRefused(int start, int offset)
    {
        IpPacket packet = Packet(new PacketImage { Protocol = IpProtocol.Udp }.ToBytes());

        Assert.Equal(PacketDrop.MalformedOffload, InternetChecksum.Complete(packet, start, offset));
    }

    public void Dispose() => _memory.Dispose();

    /// <summary>The packet as the kernel gives it: the field holds the pseudo-header's sum, not complemented.</summary>
    private IpPacket PartialOf(PacketImage image, int offset)
    {
        byte[] bytes = image.ToBytes();
        int header = image.IsIPv6 ? 40 : 20;
        int length = bytes.Length - header;
        ushort pseudo = NaiveChecksum.Sum([.. image.Addresses, 0, image.Protocol, (byte)(length >> 8), (byte)length]);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(header + offset), pseudo);
        return Packet(bytes);
    }

    private void AssertAllWaysAgree(ReadOnlySpan<byte> bytes)
    {
        ushort expected = NaiveChecksum.Sum(bytes);
        byte* data = _memory.Place(bytes);
        List<ulong> sums = [InternetChecksum.Sum(data, bytes.Length), InternetChecksum.SumScalar(data, bytes.Length)];
        if (Sse2.IsSupported) sums.Add(InternetChecksum.SumSse2(data, bytes.Length));
        if (Avx2.IsSupported) sums.Add(InternetChecksum.SumAvx2(data, bytes.Length));
        if (AdvSimd.IsSupported) sums.Add(InternetChecksum.SumAdvSimd(data, bytes.Length));
        Assert.All(sums, sum => Assert.Equal(expected, HostOrder(InternetChecksum.Fold(sum))));
    }

    private ulong Sum(byte[] bytes) => InternetChecksum.Sum(_memory.Place(bytes), bytes.Length);

    private IpPacket Packet(byte[] bytes)
    {
        Assert.Equal(PacketDrop.None, IpPacket.Parse(_memory.Place(bytes), bytes.Length, out IpPacket packet));
        return packet;
    }

    private static ushort HostOrder(ushort inMemory) => BinaryPrimitives.ReadUInt16BigEndian(BitConverter.GetBytes(inMemory));
}
