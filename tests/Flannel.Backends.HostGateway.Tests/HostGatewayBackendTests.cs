using System.Net;
using Flannel.Backends.HostGateway.Tests.Support;
using Flannel.Extensibility;

namespace Flannel.Backends.HostGateway.Tests;

public sealed class HostGatewayBackendTests
{
    [Fact]
    public void Owns_WhatAnyBackendLeaves_IsOurs()
    {
        Assert.True(Owns("10.5.2.0/24", "eth0", "192.168.100.2"));
        Assert.True(Owns("10.5.2.0/24", "flannel.1", "10.5.2.0"));
        Assert.False(Owns("10.5.2.0/24", "eth0", null));

        static bool Owns(string prefix, string device, string? gateway) => HostGatewayNode.NewBackend().Owns(
            new HostPrefix(IPNetwork.Parse(prefix), device, IsAddress: false, gateway is null ? null : IPAddress.Parse(gateway)),
            HostGatewayCluster.ConfigOf());
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
