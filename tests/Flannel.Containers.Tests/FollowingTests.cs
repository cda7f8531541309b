using System.Net;
using Flannel.Containers.Subnets;
using Flannel.Containers.Tests.Kernel;
using Flannel.Netlink.Route;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Containers.Tests;

/// <summary>What changes at the node while containers are attached.</summary>
public sealed class FollowingTests
{
    [SkippableTheory]
    [InlineData(ContainerMode.Bridge)]
    [InlineData(ContainerMode.Routed)]
    public async Task Mtu_IsCarriedToBothEndsAndTheBridge(ContainerMode mode)
    {
        await using var host = new Host(mode);
        ContainerAttachment one = host.NewAttachment("one");
        await host.Network.AttachAsync(one);

        foreach (int mtu in new[] { 1400, 1480 })
        {
            await using var network = Open(host, () => new HostSubnets([.. host.Subnets], mtu));
            Assert.True(network.TryFollow(new HostSubnets([.. host.Subnets], mtu)));

            Assert.All(host.Veths, veth => Assert.Equal(mtu, veth.Mtu));
            using RouteNetlink inside = one.Namespace!.Run(() => RouteNetlink.Open());
            Assert.Equal(mtu, inside.FindLink("eth0")!.Mtu);
            if (mode == ContainerMode.Bridge) Assert.Equal(mtu, host.Netlink.FindLink("cni0")!.Mtu);
            Assert.Equal("all is well", (await network.CheckAsync(one)).ToString());
        }
    }

    [SkippableFact]
    public async Task OtherSubnet_OldContainersAreReported_NewOnesGetIt_AndTheOldGatewayGoesWithTheLast()
    {
        await using var host = new Host(dualStack: false);
        ContainerAttachment old = host.NewAttachment("old");
        await host.Network.AttachAsync(old);
        var now = new HostSubnets([IPNetwork.Parse("10.244.9.0/24")], 1450);
        await using var network = Open(host, () => now);

        AttachedContainer fresh = await network.AttachAsync(host.NewAttachment("fresh"));

        Assert.Equal("10.244.9.2", fresh.Addresses[0].ToString());
        Assert.Equal(ContainerState.OutdatedSubnet, (await network.ListAsync()).Single(listing => listing.ContainerId == "old").State);
        Assert.Contains("is of an earlier subnet", (await network.CheckAsync(old)).ToString(), StringComparison.Ordinal);
        Assert.Equal(
            ContainerNetworkError.AttachedOtherwise, (await Assert.ThrowsAsync<ContainerNetworkException>(() => network.AttachAsync(old))).Error);
        Assert.Equal(["10.244.7.1", "10.244.9.1"], Gateways(host));
        await network.DetachAsync("old");
        await network.CollectGarbageAsync(["fresh"]);
        Assert.Equal(["10.244.9.1"], Gateways(host));
    }

    [SkippableFact]
    public async Task NoLease_IsSaidSo_AndPassing()
    {
        await using var host = new Host();
        await using var network = Open(host, () => null);

        var refusal = await Assert.ThrowsAsync<ContainerNetworkException>(() => network.AttachAsync(host.NewAttachment("one")));

        Assert.Equal(ContainerNetworkError.NoLease, refusal.Error);
        Assert.True(refusal.IsTransient);
        await network.DetachAsync("one"); // needs no lease
        host.AssertClean();
    }

    private static ContainerNetwork Open(Host host, Func<HostSubnets?> current) =>
        new(host.Options, current, null, NullLogger.Instance, TimeProvider.System);

    private static IEnumerable<string> Gateways(Host host) => host.Netlink
        .GetAddresses(System.Net.Sockets.AddressFamily.InterNetwork, host.Netlink.FindLink("cni0")!.Index)
        .Select(address => address.Address.ToString())
        .Order(StringComparer.Ordinal);
}
