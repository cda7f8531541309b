using Flannel.Netlink.Route.Addresses;

namespace Flannel.Netlink.Route.Monitoring;

/// <summary>An address was added or one of its properties changed.</summary>
/// <param name="Address">The address as it is now.</param>
public sealed record AddressChanged(InterfaceAddress Address) : RouteNotification;
