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
