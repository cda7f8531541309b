using System.Net;
using System.Net.NetworkInformation;

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

/// <summary>How an entry is made.</summary>
internal enum VxlanEntryForm : byte
{
    /// <summary>As flannel makes it; for a route: by gateway, on the tunnel device.</summary>
    Plain,

    /// <summary>A route through a nexthop object, on the tunnel device.</summary>
    ThroughNexthop,

    /// <summary>A route to the peer's host, past the tunnel.</summary>
    Direct,

    /// <summary>The network's own, but made otherwise: somebody changed it, or another backend made it. Equals nothing that is desired.</summary>
    Distorted,
}

/// <summary>What identifies an entry in the kernel.</summary>
internal readonly record struct VxlanEntryKey
{
    private VxlanEntryKey(VxlanEntryKind kind, IPAddress? address, int prefixLength, PhysicalAddress? mac) =>
        (Kind, Address, PrefixLength, Mac) = (kind, address, prefixLength, mac);

    /// <summary>Orders entries by <see cref="VxlanEntryKind"/>. (The enum's own comparison boxes.)</summary>
    public static IComparer<VxlanEntryKey> Order { get; } =
        Comparer<VxlanEntryKey>.Create(static (x, y) => ((byte)x.Kind).CompareTo((byte)y.Kind));

    public VxlanEntryKind Kind { get; }

    /// <summary>Neighbour and nexthop: the peer's subnet base. Route: the destination's first address.</summary>
    public IPAddress? Address { get; }

    /// <summary>Route: the destination's length.</summary>
    public int PrefixLength { get; }

    /// <summary>Forwarding: the peer's MAC.</summary>
    public PhysicalAddress? Mac { get; }

    public static VxlanEntryKey Forwarding(PhysicalAddress mac) => new(VxlanEntryKind.Forwarding, null, 0, mac);

    public static VxlanEntryKey Neighbour(IPAddress address) => new(VxlanEntryKind.Neighbour, address, 0, null);

    public static VxlanEntryKey Nexthop(IPAddress gateway) => new(VxlanEntryKind.Nexthop, gateway, 0, null);

    public static VxlanEntryKey Route(IPNetwork destination) => new(VxlanEntryKind.Route, destination.BaseAddress, destination.PrefixLength, null);

    /// <summary>The destination of a route's key.</summary>
    public IPNetwork ToNetwork() => new(Address!, PrefixLength);

    public override string ToString() => Kind switch
    {
        VxlanEntryKind.Forwarding => $"FDB entry {Devices.MacAddress.Format(Mac!)}",
        VxlanEntryKind.Neighbour => $"neighbour {Address}",
        VxlanEntryKind.Nexthop => $"nexthop {Address}",
        _ => $"route {Address}/{PrefixLength}",
    };
}

/// <summary>What an entry says; compared by value.</summary>
internal readonly record struct VxlanEntry
{
    /// <summary>Forwarding: the peer's host. Route: the gateway.</summary>
    public IPAddress? Address { get; private init; }

    /// <summary>Neighbour: the peer's MAC.</summary>
    public PhysicalAddress? Mac { get; private init; }

    /// <summary>How the entry is made.</summary>
    public VxlanEntryForm Form { get; private init; }

    /// <summary>An entry that has to be written again.</summary>
    public static VxlanEntry Distorted { get; } = new() { Form = VxlanEntryForm.Distorted };

    /// <summary>A nexthop object; its key says everything.</summary>
    public static VxlanEntry Nexthop => default;

    public static VxlanEntry Forwarding(IPAddress host) => new() { Address = host };

    public static VxlanEntry Neighbour(PhysicalAddress mac) => new() { Mac = mac };

    public static VxlanEntry Route(IPAddress gateway, VxlanEntryForm form) => new() { Address = gateway, Form = form };
}
