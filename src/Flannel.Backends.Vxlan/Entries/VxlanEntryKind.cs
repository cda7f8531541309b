namespace Flannel.Backends.Vxlan.Entries;

/// <summary>
/// The kinds of kernel entries, in the order in which they depend on each other. What a packet meets last is written first: the route, which sets
/// packets in motion, comes last, and a neighbour only points at a MAC whose host is known.
/// </summary>
internal enum VxlanEntryKind : byte
{
    /// <summary>FDB entry of the device: MAC → host.</summary>
    Forwarding,

    /// <summary>Permanent neighbour on the device: a peer's subnet base → MAC.</summary>
    Neighbour,

    /// <summary>Nexthop object: a peer's subnet base on the device.</summary>
    Nexthop,

    /// <summary>Route: a peer's subnet → its base on the device, or → its host.</summary>
    Route,
}
