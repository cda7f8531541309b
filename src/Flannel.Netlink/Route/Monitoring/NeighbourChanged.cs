using Flannel.Netlink.Route.Neighbours;

namespace Flannel.Netlink.Route.Monitoring;

/// <summary>A neighbour was added or its state or address changed.</summary>
/// <param name="Neighbour">The neighbour as it is now.</param>
public sealed record NeighbourChanged(Neighbour Neighbour) : RouteNotification;
