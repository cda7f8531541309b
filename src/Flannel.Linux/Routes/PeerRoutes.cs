using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Linux.Routes;

/// <summary>
/// Plain routes that lead to peers' subnets through the peers' hosts, as the host-gw backend makes them and VXLAN's direct routing: which of the
/// kernel's routes are ours, and which way a host is reached.
/// </summary>
/// <param name="network">The whole overlay range of one address family.</param>
/// <param name="subnetLength">The length of each host's subnet.</param>
[SupportedOSPlatform("linux")]
public sealed class PeerRoutes(IPNetwork network, int subnetLength)
{
    private const uint DefaultMetricIPv6 = 1024;

    private AddressFamily Family => network.BaseAddress.AddressFamily;

    /// <summary>Makes the route to a peer's subnet, exactly as flannel does: main table, protocol boot, the kernel's default metric.</summary>
    /// <param name="subnet">The peer's subnet.</param>
    /// <param name="host">The peer's host.</param>
    /// <param name="linkIndex">The interface that leads to the host.</param>
    public static RouteEntry Make(IPNetwork subnet, IPAddress host, int linkIndex) =>
        new() { Destination = subnet, Gateway = host, LinkIndex = linkIndex, Metric = DefaultMetric(subnet.BaseAddress.AddressFamily) };

    /// <summary>Asks which way the kernel would take.</summary>
    /// <param name="netlink">The kernel.</param>
    /// <param name="destination">Where to.</param>
    /// <returns>The way, or <see langword="null"/> if there is none or it is prohibited.</returns>
    public static RouteEntry? FindWay(RouteNetlink netlink, IPAddress destination)
    {
        ArgumentNullException.ThrowIfNull(netlink);
        try
        {
            return netlink.ResolveRoute(destination);
        }
        catch (NetlinkException)
        {
            return null;
        }
    }

    /// <summary>Whether a way ends on the interface's own network, so that the host at its end can be a gateway.</summary>
    /// <param name="way">What <see cref="FindWay"/> found.</param>
    /// <param name="linkIndex">The interface.</param>
    public static bool IsOnLink(RouteEntry? way, int linkIndex) =>
        way is { Type: RouteType.Unicast, Gateway: null } && way.LinkIndex == linkIndex;

    /// <summary>Says that a foreign route is in the way of one of ours.</summary>
    /// <param name="netlink">The kernel, which knows the name of the route's interface.</param>
    /// <param name="foreign">The route.</param>
    public static RouteConflictException NewConflict(RouteNetlink netlink, RouteEntry foreign)
    {
        ArgumentNullException.ThrowIfNull(netlink);
        ArgumentNullException.ThrowIfNull(foreign);
        string device = foreign.LinkIndex == 0 ? "" : $" dev {netlink.FindLink(foreign.LinkIndex)?.Name ?? "?"}";
        string gateway = foreign.Gateway is null ? "" : $" via {foreign.Gateway}";
        string found = $"{foreign.Type}{gateway}{device} protocol {foreign.Protocol}".ToLowerInvariant();
        return new RouteConflictException(foreign.Destination.ToString(), found);
    }

    /// <summary>Whether a destination lies inside the overlay range.</summary>
    /// <param name="destination">A route's destination.</param>
    public bool Contains(IPNetwork destination) =>
        destination.BaseAddress.AddressFamily == Family && destination.PrefixLength >= network.PrefixLength
        && network.Contains(destination.BaseAddress);

    /// <summary>Whether a route has the metric of ours; the kernel shows the one it chooses.</summary>
    /// <param name="route">A route of the family.</param>
    public bool HasOurMetric(RouteEntry route)
    {
        ArgumentNullException.ThrowIfNull(route);
        return route.Metric == DefaultMetric(Family);
    }

    /// <summary>Whether a route stands where one of ours would have to be: the kernel holds one route per destination and metric.</summary>
    /// <param name="route">Any route.</param>
    public bool IsOnOurPlace(RouteEntry route)
    {
        ArgumentNullException.ThrowIfNull(route);
        return route.Table == RouteEntry.MainTable && route.Protocol != RouteProtocol.Kernel && Contains(route.Destination) && HasOurMetric(route);
    }

    /// <summary>
    /// Whether a route is ours, or flannel's: on our place, of exactly a subnet's length, through a gateway on the interface, and made as
    /// <see cref="Make"/> makes it.
    /// </summary>
    /// <param name="route">Any route.</param>
    /// <param name="linkIndex">The interface that leads to the peers' hosts.</param>
    public bool IsOurs(RouteEntry route, int linkIndex) =>
        IsOnOurPlace(route)
        && route is { Protocol: RouteProtocol.Boot, Type: RouteType.Unicast, Gateway: not null, NexthopId: 0, Hops: null }
        && route is { IsOnLink: false, PreferredSource: null }
        && route.LinkIndex == linkIndex && route.Destination.PrefixLength == subnetLength && route.Gateway.AddressFamily == Family;

    private static uint DefaultMetric(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? DefaultMetricIPv6 : 0;
}
