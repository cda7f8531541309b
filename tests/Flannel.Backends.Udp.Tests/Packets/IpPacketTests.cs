using System.Buffers.Binary;
using Flannel.Backends.Udp.Packets;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Backends.Udp.Tests.Packets;

public sealed unsafe class IpPacketTests : IDisposable
{
    private readonly GuardedMemory _memory = new();

    [Theory]
    [InlineData("45000014000100004006000001020304", nameof(PacketDrop.TooShort))]
    [InlineData("55000014000100004006000001020304050607080000", nameof(PacketDrop.WrongVersion))]
    [InlineData("05000014000100004006000001020304050607080000", nameof(PacketDrop.WrongVersion))]
    [InlineData("44000014000100004006000001020304050607080000", nameof(PacketDrop.BadHeaderLength))]
    [InlineData("46000014000100004006000001020304050607080000", nameof(PacketDrop.BadHeaderLength))]
    [InlineData("45000013000100004006000001020304050607080000", nameof(PacketDrop.BadLength))]
    [InlineData("45000017000100004006000001020304050607080000", nameof(PacketDrop.BadLength))]
    [InlineData("45000016000100004006000001020304050607080000", nameof(PacketDrop.None))]
    [InlineData("60000000000006400000000000000000000000000000000000000000000000000000000000000000", nameof(PacketDrop.None))]
    [InlineData("600000000000064000000000000000000000000000000000000000000000000000000000000000", nameof(PacketDrop.TooShort))]
    [InlineData("60000000000106400000000000000000000000000000000000000000000000000000000000000000", nameof(PacketDrop.BadLength))]
    public void Parse_Header_IsJudged(string hex, string expected) => Assert.Equal(expected, Parse(Convert.FromHexString(hex), out _).ToString());

    [Fact]
    public void Parse_BytesBehindThePacket_AreLeftOut()
    {
        byte[] bytes = new PacketImage { Payload = [1, 2, 3], IpOptions = [1, 1, 1, 1] }.ToBytes();

        Assert.Equal(PacketDrop.None, Parse([.. bytes, 9, 9, 9], out IpPacket packet));

        Assert.Equal(bytes.Length, packet.Length);
        Assert.Equal(24, packet.HeaderLength);
        Assert.Equal(23, packet.PayloadLength);
        Assert.Equal(IpProtocol.Tcp, packet.Protocol);
        Assert.Equal(0x0A050101u, packet.Source4);
        Assert.Equal(0x0A050202u, packet.Destination4);
        Assert.True(packet.MayNotBeFragmented);
        Assert.False(packet.IsFragment);
    }

    [Fact]
    public void Parse_Ipv6_GivesAddresses()
    {
        Parse(new PacketImage { IsIPv6 = true, Protocol = IpProtocol.Udp }.ToBytes(), out IpPacket packet);

        Assert.True(packet.IsIPv6);
        Assert.Equal(new UInt128(0xFD00_0000_0000_0000, 1), packet.Source6);
        Assert.Equal(new UInt128(0xFD01_0000_0000_0000, 2), packet.Destination6);
        Assert.Equal(IpProtocol.Udp, packet.Protocol);
        Assert.Equal(8, packet.PayloadLength);
    }

    [Theory]
    [InlineData(0x0000, false, false)]
    [InlineData(0x4000, false, false)]
    [InlineData(0x2000, true, false)]
    [InlineData(0x2001, true, true)]
    [InlineData(0x1000, true, true)]
    public void Fragment_Field_IsRead(int field, bool isFragment, bool isLater)
    {
        Parse(new PacketImage { FragmentField = (ushort)field }.ToBytes(), out IpPacket packet);

        Assert.Equal((isFragment, isLater), (packet.IsFragment, packet.IsLaterFragment));
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    [InlineData(true, 1)]
    public void DecrementHopLimit_NoneLeft_LeavesThePacketAlone(bool isIPv6, byte left)
    {
        byte[] bytes = new PacketImage { IsIPv6 = isIPv6, HopLimit = left }.ToBytes();
        Parse(bytes, out IpPacket packet);

        Assert.Equal(PacketDrop.HopLimitExceeded, packet.DecrementHopLimit());

        Assert.Equal(bytes, new ReadOnlySpan<byte>(packet.Start, packet.Length).ToArray());
    }

    [Fact]
    public void DecrementHopLimit_AnyHeader_KeepsTheChecksumRight() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(5000),
        Prop.ForAll(Seeds.Any, seed =>
        {
            var random = new Random(seed);
            var image = new PacketImage
            {
                IsIPv6 = random.Next(5) == 0,
                Identification = (ushort)random.Next(65536),
                FragmentField = (ushort)random.Next(65536),
                HopLimit = (byte)random.Next(2, 256),
                TrafficClass = (byte)random.Next(256),
            };
            Parse(image.ToBytes(), out IpPacket packet);

            Assert.Equal(PacketDrop.None, packet.DecrementHopLimit());

            byte[] expected = (image with { HopLimit = (byte)(image.HopLimit - 1) }).ToBytes();
            Assert.Equal(expected, new ReadOnlySpan<byte>(packet.Start, packet.Length).ToArray());
        }));

    [Fact]
    public void DecrementHopLimit_EveryChecksum_StaysEquivalent()
    {
        // All 65536 values of one word walk through all checksums, those around zero included.
        for (int identification = 0; identification <= ushort.MaxValue; identification++)
        {
            byte[] header = new byte[20];
            header[0] = 0x45;
            header[3] = 20;
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)identification);
            header[8] = 1 + 1;
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(10), NaiveChecksum.Of(header));
            Parse(header, out IpPacket packet);
            packet.DecrementHopLimit();
            header[8]--;
            header[10] = header[11] = 0;
            Assert.Equal(NaiveChecksum.Of(header), BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(packet.Start + 10, 2)));
        }
    }

    [Fact]
    public void Parse_AnyBytes_StaysInside() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(5000),
        Prop.ForAll(Seeds.Any, seed =>
        {
            var random = new Random(seed);
            byte[] bytes = HostileBytes.Next(random);
            if (Parse(bytes, out IpPacket packet) != PacketDrop.None)
                return;
            Assert.InRange(packet.HeaderLength, 20, 60);
            Assert.InRange(packet.Length, packet.HeaderLength, bytes.Length);
            packet.DecrementHopLimit();
        }));

    public void Dispose() => _memory.Dispose();

    private PacketDrop Parse(ReadOnlySpan<byte> bytes, out IpPacket packet) => IpPacket.Parse(_memory.Place(bytes), bytes.Length, out packet);
}
