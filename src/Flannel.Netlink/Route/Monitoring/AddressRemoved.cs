using Flannel.Netlink.Route.Addresses;

namespace Flannel.Netlink.Route.Monitoring;

/// <summary>An address was removed.</summary>
/// <param name="Address">The address as it was.</param>
public sealed record AddressRemoved(InterfaceAddress Address) : RouteNotification;
