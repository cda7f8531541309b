using Flannel.Netlink.Route.Routes;

namespace Flannel.Netlink.Route.Monitoring;

/// <summary>A nexthop object was removed, and with it the routes that referred to it.</summary>
/// <param name="Nexthop">The nexthop object as it was.</param>
public sealed record NexthopRemoved(Nexthop Nexthop) : RouteNotification;
