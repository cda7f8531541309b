using System.Net;
using Flannel.Backends.HostGateway.Tests.Support;
using Flannel.Core.Backends;

namespace Flannel.Backends.HostGateway.Tests;

public sealed class HostGatewayBackendTests
{
    [Theory]
    [InlineData("10.5.2.0/24", "eth0", false, "192.168.100.2", true)]
    [InlineData("fd00:5:0:2::/64", "eth0", false, "fd00:100::2", true)]
    [InlineData("10.5.2.0/23", "eth0", false, "192.168.100.2", false)]
    [InlineData("10.5.2.0/24", "eth0", false, null, false)]
    [InlineData("10.5.2.0/24", "eth0", true, null, false)]
    [InlineData("10.6.2.0/24", "eth0", false, "192.168.100.2", false)]
    [InlineData("10.5.0.0/16", "eth0", false, "192.168.100.2", false)]
    public void Owns_AddressOrRoute_IsOursByShape(string prefix, string device, bool isAddress, string? gateway, bool expected)
    {
        var found = new HostPrefix(IPNetwork.Parse(prefix), device, isAddress, gateway is null ? null : IPAddress.Parse(gateway));

        Assert.Equal(expected, HostGatewayNode.NewBackend().Owns(found, HostGatewayCluster.ConfigOf(ipv6: true)));
    }

    [Fact]
    public void Name_Always_IsWhatTheConfigurationSays()
    {
        Assert.Equal("host-gw", HostGatewayNode.NewBackend().Name);
        Assert.Equal(HostGatewayNode.NewBackend().Name, HostGatewayCluster.ConfigOf().BackendType);
    }

    [Fact]
    public void RefuseLiveChange_Never_BecauseTheBlockHoldsNothing() =>
        Assert.Null(HostGatewayNode.NewBackend().RefuseLiveChange(HostGatewayCluster.ConfigOf(), HostGatewayCluster.ConfigOf()));
}
