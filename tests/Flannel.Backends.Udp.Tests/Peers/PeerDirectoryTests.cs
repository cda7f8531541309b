using System.Net;
using System.Text.Json;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Peers;
using Flannel.Backends.Udp.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Fuzzing;

namespace Flannel.Backends.Udp.Tests.Peers;

public sealed class PeerDirectoryTests
{
    [Fact]
    public void Change_OfAPeersAddress_KeepsTheOthersEndpointsAndCounters()
    {
        var directory = new PeerDirectory(SpecOf());
        directory.Replace([PeerOf(2, "192.0.2.2"), PeerOf(3, "192.0.2.3")]);
        PeerEndpoint second = Find(directory, 2)!, third = Find(directory, 3)!;
        second.Counters[0].SentPackets = 7;

        directory.Change([new LeaseChange(PeerOf(3, "192.0.2.3"), PeerOf(3, "192.0.2.33"))]);

        Assert.Same(second, Find(directory, 2));
        Assert.NotSame(third, Find(directory, 3));
        Assert.Equal("192.0.2.33:8285", Find(directory, 3)!.Address.ToString());
        Assert.Equal(7, directory.FindStatistics(UdpCluster.KeyOf(2))!.SentPackets);
    }

    [Fact]
    public void Replace_WithoutAPeer_ForgetsIt()
    {
        var directory = new PeerDirectory(SpecOf());
        directory.Replace([PeerOf(2, "192.0.2.2"), PeerOf(3, "192.0.2.3")]);

        directory.Replace([PeerOf(3, "192.0.2.3")]);
        Assert.Null(Find(directory, 2));
        Assert.Null(directory.FindStatistics(UdpCluster.KeyOf(2)));
        directory.Change([new LeaseChange(PeerOf(3, "192.0.2.3"), null)]);
        Assert.Empty(directory.GetStatistics());
    }

    [Fact]
    public void Check_HostileText_IsRefusedInShownText()
    {
        var directory = new PeerDirectory(SpecOf());
        Lease peer = PeerOf(2, "192.0.2.2");

        string? reason = directory.Check(peer with { Attributes = peer.Attributes with { BackendType = HostileText.Sample } });

        Assert.True(HostileText.IsShown(reason!, 300), reason);
        Assert.False(UdpLeaseData.TryParse($"{{{JsonSerializer.Serialize(HostileText.Sample)}:[}}", out _, out reason));
        Assert.True(HostileText.IsShown(reason, 300), reason);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("udp", null)]
    [InlineData("vxlan", "its backend is 'vxlan'")]
    public void Check_Backend_MustBeNoneOrUdp(string? backend, string? reason)
    {
        Lease peer = PeerOf(2, "192.0.2.2");
        peer = peer with { Attributes = peer.Attributes with { BackendType = backend } };

        string? found = new PeerDirectory(SpecOf()).Check(peer);
        if (reason is null) Assert.Null(found);
        else Assert.Contains(reason, found, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_PeerWithoutAddress_SaysSo()
    {
        Lease peer = PeerOf(2, "192.0.2.2") with { Attributes = new LeaseAttributes() };

        Assert.Contains("no IPv4 address", new PeerDirectory(SpecOf()).Check(peer), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "does not say that it carries IPv6")]
    [InlineData("""{"Port":0}""", "no UDP port")]
    [InlineData("""{"Port":8286}""", null)]
    public void Problems_OfADualStackPeer_AreOfIPv6Only(string? data, string? reason)
    {
        var directory = new PeerDirectory(SpecOf(ipv6: true));
        Lease peer = new()
        {
            Key = UdpCluster.KeyOf(2, ipv6: true),
            Attributes = new LeaseAttributes
            {
                PublicIP = IPAddress.Parse("192.0.2.2"),
                PublicIPv6 = IPAddress.Parse("2001:db8::2"),
                BackendV6Data = data,
            },
        };
        directory.Replace([peer]);

        Assert.Null(directory.Check(peer));
        if (reason is null) Assert.Empty(directory.Problems);
        else Assert.Contains(reason, directory.Problems[peer.Key], StringComparison.Ordinal);
        Assert.NotNull(Find(directory, 2));
        directory.Replace([]);
        Assert.Empty(directory.Problems);
    }

    private static UdpSpec SpecOf(bool ipv6 = false)
    {
        NetworkFamily ipv4 = FamilyOf("10.5.0.0/16", 24, "192.0.2.1");
        return new UdpSpec
        {
            Families = ipv6 ? [ipv4, FamilyOf("fd00:5::/48", 64, "2001:db8::1")] : [ipv4],
            Port = 8285,
            Options = new UdpBackendOptions(),
        };
    }

    private static Lease PeerOf(int number, string address) => new()
    {
        Key = UdpCluster.KeyOf(number),
        Attributes = new LeaseAttributes { PublicIP = IPAddress.Parse(address) },
    };

    private static unsafe PeerEndpoint? Find(PeerDirectory directory, int number)
    {
        byte[] bytes = InnerPacket.Udp("10.5.1.1", IPAddress.Parse($"10.5.{number}.9"), 1, []);
        fixed (byte* start = bytes)
        {
            Assert.Equal(PacketDrop.None, IpPacket.Parse(start, bytes.Length, out IpPacket packet));
            return directory.BuildTable().FindDestination(packet);
        }
    }

    private static NetworkFamily FamilyOf(string network, int subnetLength, string address) => new()
    {
        Network = IPNetwork.Parse(network),
        SubnetLength = subnetLength,
        ExternalName = "eth0",
        ExternalIndex = 2,
        InterfaceAddress = IPAddress.Parse(address),
        PublicAddress = IPAddress.Parse(address),
    };
}
