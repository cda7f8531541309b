using System.Net;
using Flannel.Core.Backends.Alloc;
using Flannel.Extensibility;

namespace Flannel.Core.Tests.Backends.Alloc;

public sealed class AllocBackendTests
{
    private static readonly NetworkConfig Config = NetworkConfig.Parse(
        """{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{"Type":"alloc"}}""", "test");

    private static readonly BackendContext Context = new()
    {
        NetworkName = "",
        Config = Config,
        ExternalInterface = new ExternalInterface
        {
            Name = "eth0",
            Index = 2,
            Mtu = 9000,
            Address = IPAddress.Parse("192.168.100.1"),
            PublicIP = IPAddress.Parse("203.0.113.7"),
            PublicIPv6 = IPAddress.Parse("fd00:100::1"),
        },
    };

    [Theory]
    [InlineData("10.5.7.0/24", true)]
    [InlineData("10.5.0.0/16", true)]
    [InlineData("fd00:5:0:7::/64", true)]
    [InlineData("10.0.0.0/8", false)]
    [InlineData("10.6.0.0/24", false)]
    [InlineData("fd00::/16", false)]
    public void Owns_WhatIsInsideTheNetwork_BelongsToWhoeverCarriesThePackets(string prefix, bool expected) => Assert.Equal(
        expected, new AllocBackend().Owns(new HostPrefix(IPNetwork.Parse(prefix), "eth0", IsAddress: false, Gateway: null), Config));

    [Fact]
    public async Task Network_FromTheStart_IsConvergedAndPublishesAddressesOnly()
    {
        await using IBackendNetwork network = await new AllocBackend().CreateNetworkAsync(Context, CancellationToken.None);

        Assert.Equal((9000, true), (network.Status.Mtu, network.Status.IsConverged));
        Assert.Equal("""{"PublicIP":"203.0.113.7","PublicIPv6":"fd00:100::1"}""", network.Attributes.ToJson());
    }

    [Fact]
    public async Task Network_ThroughItsLife_StaysConvergedAndEndsItsWatch()
    {
        IBackendNetwork network = await new AllocBackend().CreateNetworkAsync(Context, CancellationToken.None);
        var peer = new Lease { Key = SubnetKey.Parse("10.5.7.0-24"), Attributes = new LeaseAttributes { BackendType = "anything" } };
        await network.StartAsync(new Lease { Key = SubnetKey.Parse("10.5.1.0-24"), Attributes = network.Attributes }, CancellationToken.None);
        Assert.Null(network.CheckPeer(peer));
        network.SetPeers([peer]);
        network.ChangePeers([new LeaseChange(peer, null)]);
        Assert.True(network.Status.IsConverged);
        await network.RemoveAsync(CancellationToken.None);
        await network.DisposeAsync();

        var seen = new List<BackendStatus>();
        await foreach (BackendStatus status in network.WatchAsync(CancellationToken.None)) seen.Add(status);
        Assert.True(Assert.Single(seen).IsConverged);
    }
}
