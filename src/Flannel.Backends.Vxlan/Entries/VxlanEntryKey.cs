using System.Net;
using System.Net.NetworkInformation;

namespace Flannel.Backends.Vxlan.Entries;

/// <summary>What identifies an entry in the kernel.</summary>
internal readonly record struct VxlanEntryKey
{
    private VxlanEntryKey(VxlanEntryKind kind, IPAddress? address, int prefixLength, PhysicalAddress? mac) =>
        (Kind, Address, PrefixLength, Mac) = (kind, address, prefixLength, mac);

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
