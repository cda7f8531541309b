using System.Net;
using Flannel.Backends.Udp.Tests.Support;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Backends.Udp.Tests;

public sealed class UdpBackendTests
{
    private static readonly UdpBackend Backend = new(
        new UdpBackendOptions(), new KernelServices(TimeProvider.System, new Random(1), NullLogger.Instance));

    [Fact]
    public void Name_Always_IsFlannelsWord() => Assert.Equal("udp", Backend.Name);

    [Fact]
    public void Owns_WhatAnyBackendLeaves_IsOurs()
    {
        Assert.True(
            Backend.Owns(new HostPrefix(IPNetwork.Parse("10.5.2.0/24"), "flannel.1", false, IPAddress.Parse("10.5.2.0")), UdpCluster.ConfigOf()));
        Assert.True(
            Backend.Owns(new HostPrefix(IPNetwork.Parse("10.5.2.0/24"), "eth0", false, IPAddress.Parse("192.168.100.2")), UdpCluster.ConfigOf()));
        Assert.False(Backend.Owns(new HostPrefix(IPNetwork.Parse("10.5.0.0/16"), "tailscale0", false, null), UdpCluster.ConfigOf()));
    }

    [Theory]
    [InlineData("", "\"Port\":8285", null)]
    [InlineData("\"Port\":8286", "\"Port\":8286,\"Other\":1", null)]
    [InlineData("", "\"Port\":8286", "Port 8286 instead of 8285")]
    [InlineData("", "\"Port\":0", "Port")]
    public void RefuseLiveChange_OfThePort_SaysWhy(string running, string wanted, string? reason)
    {
        string? found = Backend.RefuseLiveChange(UdpCluster.ConfigOf(backend: running), UdpCluster.ConfigOf(backend: wanted));

        if (reason is null) Assert.Null(found);
        else Assert.Contains(reason, found, StringComparison.Ordinal);
    }
}
