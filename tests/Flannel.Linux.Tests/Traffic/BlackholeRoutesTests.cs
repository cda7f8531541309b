using System.Net;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Linux.Tests.Traffic;

public sealed class BlackholeRoutesTests
{
    private const PacketFilter Nftables = PacketFilter.Nftables;

    [NetnsFact]
    public async Task Blackhole_Asked_StandsInBothFamiliesAndComesBack()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        TrafficPolicy policy = Policy(host);
        await using (KeptRules kept = await KeptRules.StartAsync(Nftables, policy))
        {
            string right = Shown(host);
            Assert.Equal("10.5.1.0/24 fc00:5:0:1::/64", right);

            host.Netlink.DeleteRoute(new RouteEntry { Destination = TrafficPolicies.IPv4.Subnet, Type = RouteType.Blackhole });

            await KeptRules.EventuallyAsync(() => Task.FromResult(Shown(host)), right);
        }

        await KeptRules.Create(Nftables).RemoveAsync(policy, default);
        Assert.Empty(Shown(host));
    }

    [NetnsFact]
    public async Task Blackhole_BesideABridgeOfTheSameSubnet_DoesNotTakeItsPackets()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        await using KeptRules kept = await KeptRules.StartAsync(Nftables, Policy(host));

        LabContainer container = host.AddContainer(TrafficPolicies.IPv4.Subnet, TrafficPolicies.IPv6.Subnet);

        foreach (IPAddress address in new[] { container.Address!, container.AddressIPv6! })
            Assert.Equal(host.Device("cni0").Index, host.Netlink.ResolveRoute(address)!.LinkIndex);
        host.Netlink.DeleteLink(host.Device("cni0").Index);
        Assert.NotEqual("192.168.100.254", TryResolve(host, container.Address!));
    }

    [NetnsFact]
    public async Task Blackhole_OfAnEarlierSubnetOrNotAskedAnyMore_Goes()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        await KeptRules.OnceAsync(Nftables, Policy(host));

        var other = new TrafficRange(TrafficPolicies.IPv4.Network, IPNetwork.Parse("10.5.9.0/24"));
        await KeptRules.OnceAsync(Nftables, Policy(host) with { Ranges = [other] });
        Assert.Equal("10.5.9.0/24", Shown(host));
        await KeptRules.OnceAsync(Nftables, Policy(host) with { Blackhole = false });

        Assert.Empty(Shown(host));
    }

    [NetnsFact]
    public async Task Blackhole_OfOthers_Stays()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        host.Netlink.AddRoute(new RouteEntry { Destination = IPNetwork.Parse("10.5.7.0/24"), Type = RouteType.Blackhole });
        await KeptRules.OnceAsync(Nftables, Policy(host) with { NetworkName = "other" });

        await KeptRules.OnceAsync(Nftables, Policy(host) with { Blackhole = false });
        await KeptRules.Create(Nftables).RemoveAsync(Policy(host), default);

        Assert.Equal("10.5.1.0/24 10.5.7.0/24 fc00:5:0:1::/64", Shown(host));
    }

    private static TrafficPolicy Policy(LabHost host) =>
        TrafficPolicies.Policy(host.NamespaceName, dualStack: true) with { Masquerade = false, Forward = false, Blackhole = true };

    private static string Shown(LabHost host) => string.Join(' ', host.Netlink
        .GetRoutes(filter: new RouteFilter { Table = RouteEntry.MainTable, Type = RouteType.Blackhole })
        .Select(route => route.Destination.ToString())
        .Order(StringComparer.Ordinal));

    private static string? TryResolve(LabHost host, IPAddress address)
    {
        try
        {
            return host.Netlink.ResolveRoute(address)?.Gateway?.ToString();
        }
        catch (Flannel.Netlink.NetlinkException)
        {
            return null; // a blackhole is an error to whoever asks
        }
    }
}
