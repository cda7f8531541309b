using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Netlink.Route.Monitoring;

/// <summary>
/// Something changed in the namespace: one of <see cref="LinkChanged"/>, <see cref="LinkRemoved"/>, <see cref="AddressChanged"/>,
/// <see cref="AddressRemoved"/>, <see cref="RouteChanged"/>, <see cref="RouteRemoved"/>, <see cref="NeighbourChanged"/>,
/// <see cref="NeighbourRemoved"/>, <see cref="FdbChanged"/>, <see cref="FdbRemoved"/>, <see cref="NexthopChanged"/>,
/// <see cref="NexthopRemoved"/> or <see cref="Resynchronise"/>; there are no others.
/// </summary>
public abstract record RouteNotification
{
    private protected RouteNotification()
    {
    }

    /// <summary>
    /// Port id of the socket whose request caused the change (<see cref="RouteNetlink.PortId"/>); 0 when the kernel acted by itself or does not
    /// tell, as for most link and FDB changes.
    /// </summary>
    public uint PortId { get; init; }
}

/// <summary>A device was created or one of its properties changed.</summary>
/// <param name="Link">The device as it is now.</param>
public sealed record LinkChanged(Link Link) : RouteNotification;

/// <summary>A device was deleted or moved to another namespace.</summary>
/// <param name="Link">The device as it was.</param>
public sealed record LinkRemoved(Link Link) : RouteNotification;

/// <summary>An address was added or one of its properties changed.</summary>
/// <param name="Address">The address as it is now.</param>
public sealed record AddressChanged(InterfaceAddress Address) : RouteNotification;

/// <summary>An address was removed.</summary>
/// <param name="Address">The address as it was.</param>
public sealed record AddressRemoved(InterfaceAddress Address) : RouteNotification;

/// <summary>A route was added or replaced.</summary>
/// <param name="Route">The route as it is now.</param>
public sealed record RouteChanged(RouteEntry Route) : RouteNotification;

/// <summary>A route was removed.</summary>
/// <param name="Route">The route as it was.</param>
public sealed record RouteRemoved(RouteEntry Route) : RouteNotification;

/// <summary>A neighbour was added or its state or address changed.</summary>
/// <param name="Neighbour">The neighbour as it is now.</param>
public sealed record NeighbourChanged(Neighbour Neighbour) : RouteNotification;

/// <summary>A neighbour was removed.</summary>
/// <param name="Neighbour">The neighbour as it was.</param>
public sealed record NeighbourRemoved(Neighbour Neighbour) : RouteNotification;

/// <summary>An FDB entry was added or replaced.</summary>
/// <param name="Entry">The entry as it is now.</param>
public sealed record FdbChanged(FdbEntry Entry) : RouteNotification;

/// <summary>An FDB entry was removed.</summary>
/// <param name="Entry">The entry as it was.</param>
public sealed record FdbRemoved(FdbEntry Entry) : RouteNotification;

/// <summary>A nexthop object was added or replaced.</summary>
/// <param name="Nexthop">The nexthop object as it is now.</param>
public sealed record NexthopChanged(Nexthop Nexthop) : RouteNotification;

/// <summary>A nexthop object was removed, and with it the routes that referred to it.</summary>
/// <param name="Nexthop">The nexthop object as it was.</param>
public sealed record NexthopRemoved(Nexthop Nexthop) : RouteNotification;

/// <summary>
/// Notifications were lost, because they came faster than the kernel's buffer or the consumer could take. What is known is stale: list everything
/// again. What changes from now on is notified again.
/// </summary>
public sealed record Resynchronise : RouteNotification;
