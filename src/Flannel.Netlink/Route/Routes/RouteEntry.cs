using System.Net;

namespace Flannel.Netlink.Route.Routes;

/// <summary>A route (RTM_NEWROUTE).</summary>
/// <remarks>
/// Compared by value, except that <see cref="Hops"/> is compared by reference. The kernel reports more than was asked for: a route through a
/// nexthop object also shows that object's gateway and device, IPv6 routes get metric 1024, and <see cref="Flags"/> carries state such as
/// <see cref="RouteFlags.LinkDown"/>.
/// </remarks>
public sealed record RouteEntry
{
    /// <summary>Number of the table routes are in unless told otherwise.</summary>
    public const uint MainTable = 254;

    /// <summary>Number of the table in which the kernel keeps the host's own addresses.</summary>
    public const uint LocalTable = 255;

    /// <summary>What is routed; 0.0.0.0/0 or ::/0 for the default route. Its family is the family of the route.</summary>
    public required IPNetwork Destination { get; init; }

    /// <summary>Next router; null when there is none or several. May be IPv6 for an IPv4 destination (<c>RTA_VIA</c>).</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>Index of the device; 0 lets the kernel find it by the gateway, and is reported for routes with several hops.</summary>
    public int LinkIndex { get; init; }

    /// <summary>Routing table; <see cref="MainTable"/> by default.</summary>
    public uint Table { get; init; } = MainTable;

    /// <summary>
    /// Who made the route; <see cref="RouteProtocol.Boot"/> by default. In a deletion <see cref="RouteProtocol.Unspecified"/> matches any.
    /// </summary>
    public RouteProtocol Protocol { get; init; } = RouteProtocol.Boot;

    /// <summary>
    /// How far the destination is away; IPv4 routes without a gateway want <see cref="RouteScope.Link"/>. Not looked at in a deletion.
    /// </summary>
    public RouteScope Scope { get; init; }

    /// <summary>What the route does. In a deletion <see cref="RouteType.Unspecified"/> matches any.</summary>
    public RouteType Type { get; init; } = RouteType.Unicast;

    /// <summary>Flags; of those only <see cref="RouteFlags.OnLink"/> is sent.</summary>
    public RouteFlags Flags { get; init; }

    /// <summary>Priority, smaller wins; 0 leaves it to the kernel (0 for IPv4, 1024 for IPv6) and matches any in a deletion.</summary>
    public uint Metric { get; init; }

    /// <summary>Source address for packets this host originates; null leaves it to the kernel.</summary>
    public IPAddress? PreferredSource { get; init; }

    /// <summary>Id of the nexthop object (kernel 5.3) that replaces gateway, device and flags; 0 for none.</summary>
    public uint NexthopId { get; init; }

    /// <summary>The ways of a route that has several; null otherwise.</summary>
    public IReadOnlyList<RouteHop>? Hops { get; init; }

    /// <summary>Whether <see cref="RouteFlags.OnLink"/> is set.</summary>
    public bool IsOnLink => (Flags & RouteFlags.OnLink) != 0;

    /// <summary>Whether this is a default route.</summary>
    public bool IsDefault => Destination.PrefixLength == 0;
}
