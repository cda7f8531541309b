using System.Net;
using Flannel.Extensibility;

namespace Flannel.Linux.Tests.Ownership;

public sealed class NetworkOwnershipTests
{
    private static readonly NetworkConfig Config = NetworkConfig.Parse(
        """{"EnableIPv6":true,"Network":"10.5.0.0/16","IPv6Network":"fd00:5::/48","IPv6SubnetLen":64}""", "test");

    [Theory]
    [InlineData("10.5.1.0/32", "flannel.1", true, null, true)]
    [InlineData("10.5.2.0/24", "flannel.1", false, "10.5.2.0", true)]
    [InlineData("10.5.2.0/26", "flannel.77", false, "10.5.2.0", true)]
    [InlineData("fd00:5:0:2::/64", "flannel-v6.1", false, "fd00:5:0:2::", true)]
    [InlineData("10.5.0.0/16", "flannel0", false, null, true)]
    [InlineData("10.5.1.0/32", "flannel0", true, null, true)]
    [InlineData("10.5.2.0/24", "flannel.ipip", false, "192.168.100.2", true)]
    [InlineData("10.5.0.0/16", "flannel-wg", false, null, true)]
    [InlineData("fd00:5::/48", "flannel-wg-v6", false, null, true)]
    [InlineData("10.5.2.0/24", "eth0", false, "192.168.100.2", true)]
    [InlineData("fd00:5:0:2::/64", "eth0", false, "fd00:100::2", true)]
    [InlineData("10.5.2.0/23", "eth0", false, "192.168.100.2", false)]
    [InlineData("10.5.2.0/24", "eth0", false, null, false)]
    [InlineData("10.5.2.0/24", "eth0", true, null, false)]
    [InlineData("10.6.2.0/24", "eth0", false, "192.168.100.2", false)]
    [InlineData("10.4.0.0/15", "flannel.1", false, null, false)]
    [InlineData("10.5.0.0/16", "flannel.wg", false, null, false)]
    [InlineData("10.5.0.0/16", "flannel.", false, null, false)]
    [InlineData("10.5.0.0/16", "flannel", false, null, false)]
    [InlineData("10.5.0.0/16", "flannel0x", false, null, false)]
    public void Owns_AddressOrRoute_IsTheNetworksByDeviceOrByShape(string prefix, string device, bool isAddress, string? gateway, bool expected)
    {
        var found = new HostPrefix(IPNetwork.Parse(prefix), device, isAddress, gateway is null ? null : IPAddress.Parse(gateway));

        Assert.Equal(expected, NetworkOwnership.Owns(found, Config));
    }
}
