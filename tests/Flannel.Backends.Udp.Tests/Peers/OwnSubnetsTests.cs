using System.Net;
using Flannel.Backends.Udp.Packets;
using Flannel.Backends.Udp.Peers;
using Flannel.Backends.Udp.Tests.Packets;

namespace Flannel.Backends.Udp.Tests.Peers;

public sealed unsafe class OwnSubnetsTests : IDisposable
{
    private readonly GuardedMemory _memory = new();

    [Theory]
    [InlineData("10.5.1.0/24", null, "10.5.1.0", true)]
    [InlineData("10.5.1.0/24", null, "10.5.1.255", true)]
    [InlineData("10.5.1.0/24", null, "10.5.0.255", false)]
    [InlineData("10.5.1.0/24", null, "10.5.2.0", false)]
    [InlineData("10.5.1.0/24", null, "fd00::1", false)]
    [InlineData("10.5.1.4/30", null, "10.5.1.7", true)]
    [InlineData("10.5.1.4/30", null, "10.5.1.8", false)]
    [InlineData("10.5.1.4/32", null, "10.5.1.4", true)]
    [InlineData("0.0.0.0/0", null, "192.0.2.1", true)]
    [InlineData(null, "fd00:5:0:1::/64", "fd00:5:0:1::", true)]
    [InlineData(null, "fd00:5:0:1::/64", "fd00:5:0:1:ffff:ffff:ffff:ffff", true)]
    [InlineData(null, "fd00:5:0:1::/64", "fd00:5:0:2::", false)]
    [InlineData(null, "fd00:5:0:1::/64", "0.0.0.0", false)]
    [InlineData(null, "::/0", "2001:db8::1", true)]
    [InlineData("10.5.1.0/24", "fd00:5:0:1::/64", "10.5.1.9", true)]
    [InlineData("10.5.1.0/24", "fd00:5:0:1::/64", "fd00:5:0:1::9", true)]
    public void HasDestination_Address_MustBeInTheSubnetOfItsFamily(string? subnet, string? subnetIPv6, string destination, bool expected)
    {
        var own = new OwnSubnets(subnet is null ? null : IPNetwork.Parse(subnet), subnetIPv6 is null ? null : IPNetwork.Parse(subnetIPv6));
        byte[] address = IPAddress.Parse(destination).GetAddressBytes();
        byte[] bytes = new PacketImage { IsIPv6 = address.Length == 16 }.ToBytes();
        address.CopyTo(bytes, address.Length == 4 ? 16 : 24);
        Assert.Equal(PacketDrop.None, IpPacket.Parse(_memory.Place(bytes), bytes.Length, out IpPacket packet));

        Assert.Equal(expected, own.HasDestination(packet));
    }

    public void Dispose() => _memory.Dispose();
}
