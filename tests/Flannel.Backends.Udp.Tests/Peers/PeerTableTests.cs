using System.Net;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Peers;
using Flannel.Backends.Udp.Tests.Packets;
using FsCheck;
using FsCheck.Fluent;
using SocketAddress = Flannel.Backends.Udp.Sockets.SocketAddress;

namespace Flannel.Backends.Udp.Tests.Peers;

public sealed unsafe class PeerTableTests : IDisposable
{
    private static readonly IPNetwork Network = IPNetwork.Parse("10.0.0.0/8");

    private readonly GuardedMemory _memory = new();

    [Theory]
    [InlineData("10.5.1.0", "192.168.0.1")]
    [InlineData("10.5.1.255", "192.168.0.1")]
    [InlineData("10.5.2.1", "192.168.0.2")]
    [InlineData("10.5.2.129", "192.168.0.3")]
    [InlineData("10.5.3.1", null)]
    [InlineData("10.5.0.255", null)]
    [InlineData("11.5.1.0", null)]
    [InlineData("9.255.255.255", null)]
    [InlineData("172.16.9.9", "192.168.0.4")]
    [InlineData("255.255.255.255", null)]
    [InlineData("0.0.0.0", null)]
    [InlineData("fd00:1::1", "192.168.0.1")]
    [InlineData("fd00:1:0:1::", null)]
    [InlineData("::", null)]
    public void FindDestination_Address_GivesTheLongestPrefix(string destination, string? expected)
    {
        var table = new PeerTable(
            [
                Peer("10.5.1.0/24", "192.168.0.1"), Peer("10.5.2.0/24", "192.168.0.2"), Peer("10.5.2.128/25", "192.168.0.3"),
                Peer("172.16.0.0/12", "192.168.0.4"), Peer("fd00:1::/64", "192.168.0.1"),
            ],
            Network,
            24);

        Assert.Equal(expected is null ? null : expected + ":8285", table.FindDestination(To(destination))?.Address.ToString());
    }

    [Fact]
    public void CheckSource_SenderAndSource_MustBelongTogether()
    {
        var table = new PeerTable(
            [Peer("10.5.1.0/24", "192.168.0.1"), Peer("10.5.2.0/24", "192.168.0.2"), Peer("fd00:5:0:4::/64", "fd00:9::4")], Network, 24);

        Assert.Equal(PacketDrop.None, Check("192.168.0.1", "10.5.1.7", out PeerEndpoint? peer));
        Assert.Equal("192.168.0.1:8285", peer?.Address.ToString());
        Assert.Equal(PacketDrop.ForeignSource, Check("192.168.0.1", "10.5.2.7", out peer));
        Assert.Null(peer);
        Assert.Equal(PacketDrop.ForeignSource, Check("192.168.0.1", "8.8.8.8", out _));
        Assert.Equal(PacketDrop.None, Check("192.168.0.2", "192.168.0.2", out peer));
        Assert.Equal("192.168.0.2:8285", peer?.Address.ToString());
        Assert.Equal(PacketDrop.ForeignSource, Check("192.168.0.1", "192.168.0.2", out peer));
        Assert.Null(peer);
        Assert.Equal(PacketDrop.None, Check("fd00:9::4", "fd00:9::4", out peer));
        Assert.Equal("[fd00:9::4]:8285", peer?.Address.ToString());
        Assert.Equal(PacketDrop.ForeignSource, Check("fd00:9::4", "fd00:9::5", out _));
        Assert.Equal(PacketDrop.UnknownSender, Check("192.168.0.3", "192.168.0.3", out _));
        Assert.Equal(PacketDrop.UnknownSender, Check("192.168.0.3", "10.5.1.7", out _));
        Assert.Equal(PacketDrop.UnknownSender, Check("fd00::1", "10.5.1.7", out _));

        PacketDrop Check(string sender, string source, out PeerEndpoint? found) =>
            table.CheckSource(new SocketAddress(IPAddress.Parse(sender), 1), From(source), out found);
    }

    [Fact]
    public void IsSender_AnyPort_KnowsTheHost()
    {
        var table = new PeerTable([Peer("10.5.1.0/24", "192.168.0.1"), Peer("10.5.2.0/24", "fd00::2")]);

        Assert.True(table.IsSender(new SocketAddress(IPAddress.Parse("192.168.0.1"), 9)));
        Assert.True(table.IsSender(new SocketAddress(IPAddress.Parse("fd00::2"), 9)));
        Assert.False(table.IsSender(new SocketAddress(IPAddress.Parse("192.168.0.2"), 8285)));
        Assert.False(table.IsSender(new SocketAddress(IPAddress.Parse("::"), 8285)));
    }

    [Fact]
    public void FindDestination_AnyPrefixes_IsWhatALinearSearchFinds() => FsCheck.Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll(Seeds.Any, seed =>
        {
            var random = new Random(seed);
            bool isIPv6 = random.Next(2) == 0;
            int count = random.Next(40);
            PeerSubnet[] peers = [.. Enumerable.Range(1, count).Select(number => Peer(Prefix(random, isIPv6).ToString(), $"192.168.0.{number}"))];
            IPNetwork? network = random.Next(4) == 0 ? null : Prefix(random, isIPv6: false);
            var table = new PeerTable(peers, network, random.Next(33));
            for (int round = 0; round < 50; round++)
            {
                IPNetwork near = peers.Length > 0 ? peers[random.Next(peers.Length)].Subnet : Prefix(random, isIPv6);
                IPAddress address = random.Next(2) == 0 ? Prefix(random, isIPv6).BaseAddress : Edge(near, random);

                IEnumerable<PeerSubnet> candidates = peers.Where(peer => Covers(peer.Subnet, address));
                PeerEndpoint? expected = candidates.OrderBy(peer => peer.Subnet.PrefixLength).LastOrDefault().Endpoint;

                Assert.Same(expected, table.FindDestination(To(address.ToString())));
                Assert.Same(expected, table.FindSource(From(address.ToString())));
            }
        }));

    [Fact]
    public void FindDestination_TenThousandPeers_FindsEveryOneWithoutAllocating()
    {
        PeerSubnet[] peers =
        [
            .. Enumerable.Range(0, 10_000).Select(number => Peer($"10.{number >> 8}.{number & 255}.0/24", $"192.168.{number >> 8}.{number & 255}")),
        ];
        var table = new PeerTable(peers, Network, 24);
        IpPacket packet = To("10.0.0.9");
        SocketAddress sender = peers[0].Endpoint.Address;
        table.CheckSource(sender, From("10.0.0.1"), out _);
        packet = To("10.0.0.9");
        int missed = 0;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int number = 0; number < 10_000; number++)
        {
            packet.Start[17] = (byte)(number >> 8);
            packet.Start[18] = (byte)number;
            missed += ReferenceEquals(table.FindDestination(packet), peers[number].Endpoint) ? 0 : 1;
            missed += table.IsSender(peers[number].Endpoint.Address) ? 0 : 1;
            missed += table.CheckSource(sender, packet, out _) == PacketDrop.None ? 1 : 0;
        }

        // The runtime may allocate a little for itself while it compiles; an object per lookup would be more than that.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100 * 1024);
        Assert.Equal(0, missed);
    }

    [Fact]
    public void FindDestination_NoPeers_GivesNone() => Assert.Null(new PeerTable([]).FindDestination(To("10.0.0.1")));

    public void Dispose() => _memory.Dispose();

    private static PeerSubnet Peer(string subnet, string address) =>
        new(IPNetwork.Parse(subnet), new PeerEndpoint(default, new SocketAddress(IPAddress.Parse(address), 8285), pairs: 1));

    /// <summary>A prefix of any length around few addresses, so that prefixes nest, meet and repeat.</summary>
    private static IPNetwork Prefix(Random random, bool isIPv6)
    {
        byte[] bytes = new byte[isIPv6 ? 16 : 4];
        random.NextBytes(bytes.AsSpan(random.Next(bytes.Length)));
        bytes[0] = (byte)(random.Next(3) * 127);
        int length = random.Next((bytes.Length * 8) + 1);
        for (int bit = length; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), length);
    }

    /// <summary>Bit by bit, because <see cref="IPNetwork.Contains"/> takes an IPv4-mapped address for IPv4.</summary>
    private static bool Covers(IPNetwork prefix, IPAddress address)
    {
        byte[] start = prefix.BaseAddress.GetAddressBytes();
        byte[] bytes = address.GetAddressBytes();
        return start.Length == bytes.Length
            && Enumerable.Range(0, prefix.PrefixLength).All(bit => ((start[bit / 8] ^ bytes[bit / 8]) & (0x80 >> (bit % 8))) == 0);
    }

    /// <summary>The first or last address of a prefix, or the one before or behind it.</summary>
    private static IPAddress Edge(IPNetwork prefix, Random random)
    {
        byte[] bytes = prefix.BaseAddress.GetAddressBytes();
        if (random.Next(2) == 0)
        {
            for (int bit = prefix.PrefixLength; bit < bytes.Length * 8; bit++)
                bytes[bit / 8] |= (byte)(0x80 >> (bit % 8));
        }

        int step = random.Next(-1, 2);
        for (int index = bytes.Length - 1; step != 0 && index >= 0; index--)
        {
            int sum = bytes[index] + step;
            bytes[index] = (byte)sum;
            step = sum is >= 0 and <= 255 ? 0 : step;
        }

        return new IPAddress(bytes);
    }

    private IpPacket To(string destination) => Packet(IPAddress.Parse(destination), 16, 24);

    private IpPacket From(string source) => Packet(IPAddress.Parse(source), 12, 8);

    private IpPacket Packet(IPAddress address, int offset4, int offset6)
    {
        byte[] part = address.GetAddressBytes();
        byte[] bytes = new PacketImage { IsIPv6 = part.Length == 16 }.ToBytes();
        part.CopyTo(bytes, part.Length == 4 ? offset4 : offset6);
        Assert.Equal(PacketDrop.None, IpPacket.Parse(_memory.Place(bytes), bytes.Length, out IpPacket packet));
        return packet;
    }
}
