using Flannel.Netlink.Route.Links;

namespace Flannel.Netlink.Route.Monitoring;

/// <summary>A device was created or one of its properties changed.</summary>
/// <param name="Link">The device as it is now.</param>
public sealed record LinkChanged(Link Link) : RouteNotification;
