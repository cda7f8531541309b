using Flannel.Netlink.Route.Neighbours;

namespace Flannel.Netlink.Route.Monitoring;

/// <summary>A neighbour was removed.</summary>
/// <param name="Neighbour">The neighbour as it was.</param>
public sealed record NeighbourRemoved(Neighbour Neighbour) : RouteNotification;
