using CustomBackend;
using Flannel.Integration.Tests.Overlay;
using Flannel.Lab.Namespaces;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Samples;

/// <summary>The sample of a backend from outside carries packets.</summary>
public sealed class CustomBackendTests
{
    [NetnsFact]
    public async Task StaticRoutes_TwoHosts_ReachEachOtherAndLeaveNothing()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 2 });
        var store = new InMemoryLeaseStore("""{"Network":"10.5.0.0/16","Backend":{"Type":"static-routes"}}""");
        await using OverlayNode first = NewNode(lab.Hosts[0]);
        await using OverlayNode second = NewNode(lab.Hosts[1]);
        await first.Node.StartAsync();
        await second.Node.StartAsync();
        await first.UntilAsync(static status => status is { State: FlannelNodeState.Ready, IsConverged: true, Peers.Count: 1 });
        await second.UntilAsync(static status => status is { State: FlannelNodeState.Ready, IsConverged: true, Peers.Count: 1 });

        LabContainer a = lab.Hosts[0].AddContainer(first.Node.Lease.Subnet, mtu: first.Node.Mtu);
        LabContainer b = lab.Hosts[1].AddContainer(second.Node.Lease.Subnet, mtu: second.Node.Mtu);
        await OverlayCluster.AssertPingAsync(a, b);
        Assert.Contains($"{second.Node.Lease.Subnet} via 192.168.100.2", await RoutesAsync(), StringComparison.Ordinal);

        await second.Node.StopAsync(CancellationToken.None);
        await Eventually.IsTrueAsync(() => first.Node.Status.Peers.IsEmpty, "the peer gave its lease back");
        Assert.Empty(await RoutesAsync());

        OverlayNode NewNode(LabHost host) => new(
            host,
            builder => builder.UseInMemoryStore(store).UseStaticRoutes().UseStaticRoutes(),
            static options => (options.StopMode, options.ReleaseLeaseOnStop) = (StopMode.Remove, true));

        Task<string> RoutesAsync() => lab.Hosts[0].ExecAsync("ip", "route", "show", "proto", "250");
    }
}
