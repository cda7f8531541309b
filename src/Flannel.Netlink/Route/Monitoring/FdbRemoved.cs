using Flannel.Netlink.Route.Neighbours;

namespace Flannel.Netlink.Route.Monitoring;

/// <summary>An FDB entry was removed.</summary>
/// <param name="Entry">The entry as it was.</param>
public sealed record FdbRemoved(FdbEntry Entry) : RouteNotification;
