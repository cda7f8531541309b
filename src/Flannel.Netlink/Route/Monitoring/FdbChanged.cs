using Flannel.Netlink.Route.Neighbours;

namespace Flannel.Netlink.Route.Monitoring;

/// <summary>An FDB entry was added or replaced.</summary>
/// <param name="Entry">The entry as it is now.</param>
public sealed record FdbChanged(FdbEntry Entry) : RouteNotification;
