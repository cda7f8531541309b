using Flannel.Netlink.Route.Routes;

namespace Flannel.Netlink.Route.Monitoring;

/// <summary>A nexthop object was added or replaced.</summary>
/// <param name="Nexthop">The nexthop object as it is now.</param>
public sealed record NexthopChanged(Nexthop Nexthop) : RouteNotification;
