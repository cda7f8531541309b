using Flannel.Netlink.Route.Routes;

namespace Flannel.Netlink.Route.Monitoring;

/// <summary>A route was added or replaced.</summary>
/// <param name="Route">The route as it is now.</param>
public sealed record RouteChanged(RouteEntry Route) : RouteNotification;
