using System.Net;
using System.Runtime.Versioning;
using Flannel.Backends.Vxlan.Devices;
using Flannel.Extensibility;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Backends.Vxlan.Entries;

/// <summary>
/// Reads the kernel's objects as entries. The network's own are the neighbours, nexthop objects and FDB entries of its device inside its range,
/// whoever made them, and the routes that <see cref="PeerRoutes"/> takes for its own.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class VxlanEntryReader(KernelContext context, VxlanDevice device, NexthopIds nexthops, bool isLearning)
{
    private int Index => device.State!.Index;

    public bool TryRead(RouteEntry route, out VxlanEntryKey key, out VxlanEntry entry)
    {
        (key, entry) = (default, default);
        if (!context.Routes.IsOwn(route)) return false;
        key = VxlanEntryKey.Route(route.Destination);
        entry = route.LinkIndex == Index ? ReadTunnelRoute(route)
            : context.Routes.IsAsMade(route) ? VxlanEntry.Route(route.Gateway!, VxlanEntryForm.Direct)
            : VxlanEntry.Distorted;
        return true;
    }

    public bool TryRead(in Neighbour neighbour, out VxlanEntryKey key, out VxlanEntry entry)
    {
        key = VxlanEntryKey.Neighbour(neighbour.Destination);
        entry = neighbour.Address is { } mac ? VxlanEntry.Neighbour(mac) : VxlanEntry.Distorted;
        return IsOnPlace(neighbour) && neighbour.State == NeighbourState.Permanent;
    }

    /// <summary>Whether a neighbour stands where one of the network's own may have to be, permanent or not.</summary>
    public bool IsOnPlace(in Neighbour neighbour) =>
        neighbour.LinkIndex == Index && neighbour.Destination.AddressFamily == context.Family.Family
        && (neighbour.Flags & NeighbourFlags.Proxy) == 0 && context.Family.Contains(neighbour.Destination);

    public bool TryRead(in FdbEntry forwarding, out VxlanEntryKey key, out VxlanEntry entry)
    {
        key = VxlanEntryKey.Forwarding(forwarding.Address);
        bool isAsMade = forwarding is { Destination: not null, Port: null, Vni: null, State: NeighbourState.Permanent };
        entry = isAsMade ? VxlanEntry.Forwarding(forwarding.Destination!) : VxlanEntry.Distorted;
        bool isLearned = (forwarding.State & (NeighbourState.Permanent | NeighbourState.NoArp)) == 0;
        return IsOnPlace(forwarding) && !(isLearned && isLearning);
    }

    /// <summary>Whether an FDB entry stands where one of the network's own may have to be; the all-zero one is the device's own default.</summary>
    public bool IsOnPlace(in FdbEntry forwarding) =>
        forwarding.LinkIndex == Index && forwarding.MasterIndex == 0 && forwarding.Address.GetAddressBytes().Any(static value => value != 0);

    public bool TryRead(in Nexthop nexthop, out VxlanEntryKey key, out VxlanEntry entry)
    {
        (key, entry) = (default, default);
        if (nexthop.LinkIndex != Index || nexthop.IsGroup) return false;
        if (nexthop.Gateway is not { } gateway || !context.Family.Contains(gateway)) return false;
        key = VxlanEntryKey.Nexthop(gateway);
        entry = nexthop.IsOnLink ? VxlanEntry.Nexthop : VxlanEntry.Distorted;
        return true;
    }

    private VxlanEntry ReadTunnelRoute(RouteEntry route)
    {
        if (route is not { Scope: RouteScope.Universe, PreferredSource: null }) return VxlanEntry.Distorted;
        if (route.NexthopId != 0)
        {
            return nexthops.TryGetGateway(route.NexthopId, out IPAddress? known)
                ? VxlanEntry.Route(known, VxlanEntryForm.ThroughNexthop)
                : VxlanEntry.Distorted;
        }

        return route is { Gateway: { } gateway, IsOnLink: true } ? VxlanEntry.Route(gateway, VxlanEntryForm.Plain) : VxlanEntry.Distorted;
    }
}
