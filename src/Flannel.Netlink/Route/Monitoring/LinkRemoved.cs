using Flannel.Netlink.Route.Links;

namespace Flannel.Netlink.Route.Monitoring;

/// <summary>A device was deleted or moved to another namespace.</summary>
/// <param name="Link">The device as it was.</param>
public sealed record LinkRemoved(Link Link) : RouteNotification;
