namespace Flannel.Netlink.Route.Routes;

/// <summary>
/// Which routes to list; what is null is not asked for. The kernel itself leaves out the others (4.20; on older ones this library does).
/// </summary>
public readonly record struct RouteFilter
{
    /// <summary>Only this table; all tables, the local one included, when null.</summary>
    public uint? Table { get; init; }

    /// <summary>Only routes that leave through this device.</summary>
    public int? LinkIndex { get; init; }

    /// <summary>Only routes made by this protocol.</summary>
    public RouteProtocol? Protocol { get; init; }

    /// <summary>Only routes of this type.</summary>
    public RouteType? Type { get; init; }

    internal bool Matches(RouteEntry route) =>
        (Table is null || Table == route.Table)
        && (LinkIndex is null || LinkIndex == route.LinkIndex || (route.Hops?.Any(IsOnLink) ?? false))
        && (Protocol is null || Protocol == route.Protocol)
        && (Type is null || Type == route.Type);

    private bool IsOnLink(RouteHop hop) => hop.LinkIndex == LinkIndex;
}
