using Flannel.Backends.Udp.Icmp;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Tests.Packets;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Backends.Udp.Tests.Icmp;

public sealed unsafe class IcmpV6ReplyTests : IDisposable
{
    private const string TunnelText = "fd00000000000000000000000000000f";
    private const string OffenderText = "fd000000000000000000000000000001";

    private static readonly UInt128 Tunnel = UInt128.Parse(TunnelText, System.Globalization.NumberStyles.HexNumber, null);

    private readonly GuardedMemory _memory = new(2);

    private delegate int Builder(in IpPacket offender, byte* reply);

    [Fact]
    public void NoRoute_SmallPacket_QuotesAllOfIt()
    {
        byte[] offender = new PacketImage { IsIPv6 = true, Protocol = IpProtocol.Udp, Payload = [1, 2, 3] }.ToBytes();

        byte[] reply = Build(offender, (in packet, buffer) => IcmpV6Reply.NoRoute(packet, Tunnel, buffer));

        AssertReply(reply, "60000000003b3a40", "0100000000000000", offender);
    }

    [Fact]
    public void HopLimitExceeded_LargePacket_FillsWhatEveryLinkCarries()
    {
        byte[] offender = new PacketImage { IsIPv6 = true, Payload = new byte[1400] }.ToBytes();

        byte[] reply = Build(offender, (in packet, buffer) => IcmpV6Reply.HopLimitExceeded(packet, Tunnel, buffer));

        Assert.Equal(1280, reply.Length);
        AssertReply(reply, "6000000004d83a40", "0300000000000000", offender[..1232]);
    }

    [Fact]
    public void PacketTooBig_AnyPacket_NamesTheMtu()
    {
        byte[] offender = new PacketImage { IsIPv6 = true }.ToBytes();

        byte[] reply = Build(offender, (in packet, buffer) => IcmpV6Reply.PacketTooBig(packet, Tunnel, 1452, buffer));

        AssertReply(reply, "6000000000443a40", "02000000000005ac", offender);
    }

    [Theory]
    [InlineData(128, true)]
    [InlineData(129, true)]
    [InlineData(135, true)]
    [InlineData(1, false)]
    [InlineData(127, false)]
    [InlineData(137, false)]
    public void Reply_AboutIcmp_IsForNoErrors(byte type, bool expected)
    {
        var offender = new PacketImage { IsIPv6 = true, Protocol = IpProtocol.IcmpV6, Payload = [type, 0, 0, 0] };

        Assert.Equal((expected, expected, expected), Answered(offender.ToBytes()));
        Assert.Equal((expected, expected, expected), Answered((offender with { HasExtensionHeader = true }).ToBytes()));
    }

    [Fact]
    public void Reply_WhereThereMustBeNone_IsNone()
    {
        byte[] good = new PacketImage { IsIPv6 = true }.ToBytes();
        Assert.Equal((true, true, true), Answered(good));

        Assert.Equal((false, false, false), Answered(new PacketImage().ToBytes()));
        Assert.Equal((false, false, false), Answered([.. good[..8], .. new byte[16], .. good[24..]]));
        Assert.Equal((false, false, false), Answered([.. good[..8], .. new byte[15], 1, .. good[24..]]));
        Assert.Equal((false, false, false), Answered([.. good[..8], 0xFF, .. good[9..]]));
        Assert.Equal((false, false, true), Answered([.. good[..24], 0xFF, .. good[25..]]));
        Assert.Equal((false, false, false), Answered(Raw(IpProtocol.Fragment, [IpProtocol.IcmpV6, 0, 0, 8, 0, 0, 0, 0])));
        Assert.Equal((true, true, true), Answered(Raw(IpProtocol.Fragment, [IpProtocol.Udp, 0, 0, 1, 0, 0, 0, 0])));
        Assert.Equal((false, false, false), Answered(Raw(IpProtocol.HopByHopOptions, [IpProtocol.IcmpV6, 200, 0, 0, 0, 0, 0, 0])));
        Assert.Equal((false, false, false), Answered(Raw(IpProtocol.IcmpV6, [])));
    }

    [Fact]
    public void Reply_HostilePackets_StaysInside() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(5000),
        Prop.ForAll(Seeds.Any, seed => Answered(HostileBytes.Next(new Random(seed)))));

    public void Dispose() => _memory.Dispose();

    private static byte[] Raw(byte next, byte[] payload) => new PacketImage { IsIPv6 = true, Protocol = next, Payload = payload }.ToBytes();

    private (bool NoRoute, bool HopLimitExceeded, bool PacketTooBig) Answered(byte[] bytes) => (
        Build(bytes, (in packet, buffer) => IcmpV6Reply.NoRoute(packet, Tunnel, buffer)).Length > 0,
        Build(bytes, (in packet, buffer) => IcmpV6Reply.HopLimitExceeded(packet, Tunnel, buffer)).Length > 0,
        Build(bytes, (in packet, buffer) => IcmpV6Reply.PacketTooBig(packet, Tunnel, 1400, buffer)).Length > 0);

    private byte[] Build(byte[] bytes, Builder build)
    {
        byte* start = _memory.Place(bytes, 0);
        if (IpPacket.Parse(start, bytes.Length, out IpPacket offender) != PacketDrop.None)
            return [];
        byte* reply = _memory.Reserve(IcmpV6Reply.MaximumLength, 1);
        return new ReadOnlySpan<byte>(reply, build(offender, reply)).ToArray();
    }

    private static void AssertReply(byte[] reply, string header, string icmp, byte[] quoted)
    {
        byte[] message = [.. Convert.FromHexString(icmp), .. quoted];
        ushort checksum = NaiveChecksum.OfTransport(Convert.FromHexString(TunnelText + OffenderText), IpProtocol.IcmpV6, message);
        (message[2], message[3]) = ((byte)(checksum >> 8), (byte)checksum);
        Assert.Equal(header + TunnelText + OffenderText + Convert.ToHexStringLower(message), Convert.ToHexStringLower(reply));
    }
}
