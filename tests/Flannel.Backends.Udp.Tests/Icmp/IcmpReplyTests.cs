using Flannel.Backends.Udp.Icmp;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Tests.Packets;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Backends.Udp.Tests.Icmp;

public sealed unsafe class IcmpReplyTests : IDisposable
{
    private const uint Tunnel = 0x0A050100;

    private readonly GuardedMemory _memory = new(2);

    private delegate int Builder(in IpPacket offender, byte* reply);

    [Fact]
    public void NoRoute_Udp_GivesFlannelsBytes()
    {
        var offender = new PacketImage { Protocol = IpProtocol.Udp, Payload = [1, 2, 3, 4, 5, 6, 7, 8, 9], IpOptions = [1, 1, 1, 0] };

        byte[] reply = Build(offender.ToBytes(), (in packet, buffer) => IcmpReply.NoRoute(packet, Tunnel, buffer));

        // Source is the TUN device, TTL 8; the offender's header with its options, and eight bytes behind it.
        AssertReply(reply, "4500003c0000000008010000" + "0a050100" + "0a050101", "0300000000000000", offender.ToBytes()[..32]);
    }

    [Fact]
    public void TimeExceeded_ShortPacket_QuotesWhatIsThere()
    {
        byte[] offender = new PacketImage { Protocol = 99, Payload = [7], HopLimit = 1 }.ToBytes();

        byte[] reply = Build(offender, (in packet, buffer) => IcmpReply.TimeExceeded(packet, Tunnel, buffer));

        AssertReply(reply, "450000310000000040010000" + "0a050100" + "0a050101", "0b00000000000000", offender);
    }

    [Fact]
    public void FragmentationNeeded_Tcp_NamesTheMtu()
    {
        byte[] offender = new PacketImage { Payload = new byte[1480] }.ToBytes();

        byte[] reply = Build(offender, (in packet, buffer) => IcmpReply.FragmentationNeeded(packet, Tunnel, 1472, buffer));

        AssertReply(reply, "450000380000000040010000" + "0a050100" + "0a050101", "03040000000005c0", offender[..28]);
    }

    [Theory]
    [InlineData(8, false, true)]
    [InlineData(0, false, true)]
    [InlineData(3, false, false)]
    [InlineData(11, false, false)]
    [InlineData(5, false, false)]
    [InlineData(40, false, false)]
    public void Reply_AboutIcmp_IsForQueriesOnly(byte type, bool noRoute, bool others)
    {
        byte[] offender = new PacketImage { Protocol = IpProtocol.Icmp, Payload = [type, 0, 0, 0] }.ToBytes();

        Assert.Equal((noRoute, others, others), Answered(offender));
    }

    [Fact]
    public void Reply_WhereThereMustBeNone_IsNone()
    {
        byte[] good = new PacketImage { Protocol = IpProtocol.Udp, FragmentField = 0x2000 }.ToBytes();
        Assert.Equal((true, true, true), Answered(good));

        Assert.Equal((false, false, false), Answered(new PacketImage { FragmentField = 1 }.ToBytes()));
        Assert.Equal((false, false, false), Answered(new PacketImage { IpOptions = new byte[40] }.ToBytes()));
        Assert.Equal((true, true, true), Answered(new PacketImage { IpOptions = new byte[36] }.ToBytes()));
        Assert.Equal((false, false, false), Answered(new PacketImage { IsIPv6 = true }.ToBytes()));
        Assert.Equal((false, false, false), Answered(new PacketImage { Protocol = IpProtocol.Icmp }.ToBytes()));
        Assert.Equal((false, false, false), Answered(With(good, 12, 0)));
        Assert.Equal((false, false, false), Answered(With(good, 12, 127)));
        Assert.Equal((false, false, false), Answered(With(good, 12, 224)));
        Assert.Equal((false, false, false), Answered(With(good, 16, 239)));
        Assert.Equal((false, false, false), Answered(With(good, 16, 255)));
    }

    [Fact]
    public void Reply_HostilePackets_StaysInside() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(5000),
        Prop.ForAll(Seeds.Any, seed => Answered(HostileBytes.Next(new Random(seed)))));

    public void Dispose() => _memory.Dispose();

    private static byte[] With(byte[] packet, int offset, byte value) => [.. packet[..offset], value, .. packet[(offset + 1)..]];

    private (bool NoRoute, bool TimeExceeded, bool FragmentationNeeded) Answered(byte[] bytes) => (
        Build(bytes, (in packet, buffer) => IcmpReply.NoRoute(packet, Tunnel, buffer)).Length > 0,
        Build(bytes, (in packet, buffer) => IcmpReply.TimeExceeded(packet, Tunnel, buffer)).Length > 0,
        Build(bytes, (in packet, buffer) => IcmpReply.FragmentationNeeded(packet, Tunnel, 1400, buffer)).Length > 0);

    private byte[] Build(byte[] bytes, Builder build)
    {
        byte* start = _memory.Place(bytes, 0);
        if (IpPacket.Parse(start, bytes.Length, out IpPacket offender) != PacketDrop.None)
            return [];
        byte* reply = _memory.Reserve(IcmpReply.MaximumLength, 1);
        return new ReadOnlySpan<byte>(reply, build(offender, reply)).ToArray();
    }

    private static void AssertReply(byte[] reply, string header, string icmp, byte[] quoted)
    {
        byte[] expected = [.. Convert.FromHexString(header), .. Convert.FromHexString(icmp), .. quoted];
        ushort checksum = NaiveChecksum.Of(expected.AsSpan(0, 20));
        (expected[10], expected[11]) = ((byte)(checksum >> 8), (byte)checksum);
        checksum = NaiveChecksum.Of(expected.AsSpan(20));
        (expected[22], expected[23]) = ((byte)(checksum >> 8), (byte)checksum);
        Assert.Equal(Convert.ToHexStringLower(expected), Convert.ToHexStringLower(reply));
    }
}
