using Flannel.Netlink.Route.Routes;

namespace Flannel.Netlink.Route.Monitoring;

/// <summary>A route was removed.</summary>
/// <param name="Route">The route as it was.</param>
public sealed record RouteRemoved(RouteEntry Route) : RouteNotification;
