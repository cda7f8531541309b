using System.Net;
using Flannel.Backends.Vxlan.Tests.Support;
using Flannel.Extensibility;

namespace Flannel.Backends.Vxlan.Tests;

public sealed class VxlanBackendTests
{
    [Fact]
    public void Owns_WhatAnyBackendLeaves_IsOurs()
    {
        Assert.True(Owns("10.5.2.0/24", "flannel.77", "10.5.2.0"));
        Assert.True(Owns("10.5.0.0/16", "flannel0", null));
        Assert.True(Owns("10.5.2.0/24", "eth0", "192.168.100.2"));
        Assert.False(Owns("10.5.2.0/24", "eth0", null));

        static bool Owns(string prefix, string device, string? gateway) => VxlanNode.NewBackend().Owns(
            new HostPrefix(IPNetwork.Parse(prefix), device, IsAddress: false, gateway is null ? null : IPAddress.Parse(gateway)),
            VxlanCluster.ConfigOf());
    }

    [Theory]
    [InlineData("", "\"Port\":0", null)]
    [InlineData("", "\"Port\":8472", null)]
    [InlineData("\"Port\":4789", "", "Port 8472 instead of 4789")]
    [InlineData("", "\"VNI\":2", "VNI 2 instead of 1")]
    [InlineData("", "\"MTU\":1400", null)]
    public void RefuseLiveChange_WhatCutsOffPeers_WaitsForARestart(string before, string after, string? reason)
    {
        string? refusal = VxlanNode.NewBackend().RefuseLiveChange(VxlanCluster.ConfigOf(before), VxlanCluster.ConfigOf(after));

        if (reason is null) Assert.Null(refusal);
        else Assert.Contains(reason, refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "flannel.1")]
    [InlineData("\"VNI\":7", "flannel.7")]
    [InlineData("\"VNI\":10000000", null)]
    [InlineData("\"VNI\":\"x\"", null)]
    public void GetDeviceName_OfAnyConfig_NeverThrows(string backend, string? expected) =>
        Assert.Equal(expected, VxlanNode.NewBackend().GetDeviceName(VxlanCluster.ConfigOf(backend)));

    [Theory]
    [InlineData(true, false, "the device flannel.1")]
    [InlineData(false, true, "the device flannel-v6.1")]
    [InlineData(true, true, "the device flannel.1", "the device flannel-v6.1")]
    public void GetClaims_OfEachFamily_AreItsDevices(bool ipv4, bool ipv6, params string[] expected) =>
        Assert.Equal(expected, ((IBackend)VxlanNode.NewBackend()).GetClaims(VxlanCluster.ConfigOf("", ipv4, ipv6)));

    [Fact]
    public void Name_Always_IsFlannelsWord() => Assert.Equal("vxlan", VxlanNode.NewBackend().Name);
}
