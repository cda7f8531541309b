using System.Net;
using SocketAddress = Flannel.Backends.Udp.Sockets.SocketAddress;

namespace Flannel.Backends.Udp.Tests.Sockets;

public sealed unsafe class SocketAddressTests
{
    [Fact]
    public void Address_OfIPv4_IsSockaddrIn()
    {
        var address = new SocketAddress(IPAddress.Parse("192.0.2.7"), 8285);

        Assert.Equal([2, 0, 0x20, 0x5D, 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 0, 0], new Span<byte>(&address, 16).ToArray());
        Assert.Equal((16u, false, "192.0.2.7:8285"), (address.Length, address.IsIPv6, address.ToString()));
    }

    [Fact]
    public void Address_OfIPv6_IsSockaddrIn6()
    {
        var address = new SocketAddress(IPAddress.Parse("2001:db8::9"), 1);

        Assert.Equal(
            [10, 0, 0, 1, 0, 0, 0, 0, 0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0],
            new Span<byte>(&address, 28).ToArray());
        Assert.Equal((28u, true, "[2001:db8::9]:1"), (address.Length, address.IsIPv6, address.ToString()));
    }

    [Theory]
    [InlineData("192.0.2.7", 1, "192.0.2.7", 1, true, true)]
    [InlineData("192.0.2.7", 1, "192.0.2.7", 2, true, false)]
    [InlineData("192.0.2.7", 1, "192.0.2.8", 1, false, false)]
    [InlineData("2001:db8::9", 1, "2001:db8::9", 2, true, false)]
    [InlineData("2001:db8::9", 1, "2001:db8::8", 1, false, false)]
    [InlineData("0.0.0.0", 1, "::", 1, false, false)]
    public void Addresses_AreComparedByHostAndByPort(string left, int leftPort, string right, int rightPort, bool isSameHost, bool isSame)
    {
        var first = new SocketAddress(IPAddress.Parse(left), leftPort);
        var second = new SocketAddress(IPAddress.Parse(right), rightPort);

        Assert.Equal((isSameHost, isSame), (first.IsSameHost(second), first.IsSame(second)));
    }
}
