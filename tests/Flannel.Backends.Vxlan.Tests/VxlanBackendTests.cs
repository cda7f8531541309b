using System.Net;
using Flannel.Backends.Vxlan.Tests.Support;
using Flannel.Core.Backends;

namespace Flannel.Backends.Vxlan.Tests;

public sealed class VxlanBackendTests
{
    [Theory]
    [InlineData("10.5.1.0/32", "flannel.1", true, null, true)]
    [InlineData("10.5.2.0/24", "flannel.1", false, "10.5.2.0", true)]
    [InlineData("10.5.2.0/24", "flannel.77", false, "10.5.2.0", true)]
    [InlineData("fd00:5:0:2::/64", "flannel-v6.1", false, "fd00:5:0:2::", true)]
    [InlineData("10.5.2.0/24", "eth0", false, "192.168.100.2", true)]
    [InlineData("fd00:5:0:2::/64", "eth0", false, "fd00:100::2", true)]
    [InlineData("10.5.2.0/23", "eth0", false, "192.168.100.2", false)]
    [InlineData("10.5.2.0/24", "eth0", false, null, false)]
    [InlineData("10.5.2.0/24", "eth0", true, null, false)]
    [InlineData("10.6.2.0/24", "eth0", false, "192.168.100.2", false)]
    [InlineData("10.5.0.0/16", "flannel.wg", false, null, false)]
    [InlineData("10.5.0.0/16", "flannel.", false, null, false)]
    [InlineData("10.5.0.0/16", "flannel0", false, null, false)]
    public void Owns_AddressOrRoute_IsOursByDeviceOrByShape(string prefix, string device, bool isAddress, string? gateway, bool expected)
    {
        var found = new HostPrefix(IPNetwork.Parse(prefix), device, isAddress, gateway is null ? null : IPAddress.Parse(gateway));

        Assert.Equal(expected, VxlanNode.NewBackend().Owns(found, VxlanCluster.ConfigOf(ipv6: true)));
    }

    [Fact]
    public void Name_Always_IsFlannelsWord() => Assert.Equal("vxlan", VxlanNode.NewBackend().Name);
}
