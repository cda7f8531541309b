using System.Net;
using System.Runtime.Versioning;
using Flannel.Backends.Vxlan.Devices;
using Flannel.Linux.Routes;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Backends.Vxlan.Entries;

/// <summary>
/// Tells which kernel objects are ours and reads them as entries. Ours is what lies inside the overlay's range on the tunnel device, whoever made
/// it, and what direct routing leaves on the external interface: routes of exactly a lease's length through a gateway, made the way flannel
/// makes them.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class VxlanOwnership(VxlanDeviceSpec spec, NexthopIds nexthops)
{
    private readonly PeerRoutes _peerRoutes = new(spec.Network, spec.SubnetLength);

    /// <summary>Whether a route stands where one of ours would have to be.</summary>
    public bool IsOnOurPlace(RouteEntry route) => _peerRoutes.IsOnOurPlace(route);

    /// <summary>Whether a route is on the tunnel device beside the place of ours, where it would shadow or be shadowed.</summary>
    public bool IsStray(RouteEntry route, VxlanDeviceState device) =>
        route.Table == RouteEntry.MainTable && route.Protocol != RouteProtocol.Kernel && route.LinkIndex == device.Index
        && _peerRoutes.Contains(route.Destination) && !_peerRoutes.HasOurMetric(route);

    public bool TryRead(RouteEntry route, VxlanDeviceState device, out VxlanEntryKey key, out VxlanEntry entry)
    {
        (key, entry) = (default, default);
        if (!IsOnOurPlace(route)) return false;
        bool isThroughOurNexthop = route.NexthopId != 0 && nexthops.TryGetGateway(route.NexthopId, out _);
        if (route.LinkIndex == device.Index || isThroughOurNexthop) entry = ReadTunnelRoute(route);
        else if (_peerRoutes.IsOurs(route, device.UplinkIndex)) entry = VxlanEntry.Route(route.Gateway!, VxlanEntryForm.Direct);
        else return false;
        key = VxlanEntryKey.Route(route.Destination);
        return true;
    }

    public bool TryRead(in Neighbour neighbour, VxlanDeviceState device, out VxlanEntryKey key, out VxlanEntry entry)
    {
        key = VxlanEntryKey.Neighbour(neighbour.Destination);
        entry = neighbour.Address is { } mac ? VxlanEntry.Neighbour(mac) : VxlanEntry.Distorted;
        return IsOnOurPlace(neighbour, device) && neighbour.State == NeighbourState.Permanent;
    }

    /// <summary>Whether a neighbour stands where one of ours may have to be, permanent or not.</summary>
    public bool IsOnOurPlace(in Neighbour neighbour, VxlanDeviceState device) =>
        neighbour.LinkIndex == device.Index && neighbour.Destination.AddressFamily == spec.Family
        && (neighbour.Flags & NeighbourFlags.Proxy) == 0 && spec.Network.Contains(neighbour.Destination);

    public bool TryRead(in FdbEntry forwarding, VxlanDeviceState device, out VxlanEntryKey key, out VxlanEntry entry)
    {
        key = VxlanEntryKey.Forwarding(forwarding.Address);
        bool isAsMade = forwarding is { Destination: not null, Port: null, Vni: null, State: NeighbourState.Permanent };
        entry = isAsMade ? VxlanEntry.Forwarding(forwarding.Destination!) : VxlanEntry.Distorted;
        bool isLearned = (forwarding.State & (NeighbourState.Permanent | NeighbourState.NoArp)) == 0;
        return IsOnOurPlace(forwarding, device) && !(isLearned && spec.Config.Learning);
    }

    /// <summary>Whether an FDB entry stands where one of ours may have to be; the all-zero one is the device's own default.</summary>
    public static bool IsOnOurPlace(in FdbEntry forwarding, VxlanDeviceState device) =>
        forwarding.LinkIndex == device.Index && forwarding.MasterIndex == 0 && forwarding.Address.GetAddressBytes().Any(static value => value != 0);

    public bool TryRead(in Nexthop nexthop, VxlanDeviceState device, out VxlanEntryKey key, out VxlanEntry entry)
    {
        (key, entry) = (default, default);
        if (nexthop.LinkIndex != device.Index || nexthop.IsGroup) return false;
        if (nexthop.Gateway is not { } gateway || !spec.Network.Contains(gateway)) return false;
        key = VxlanEntryKey.Nexthop(gateway);
        entry = nexthop.IsOnLink ? VxlanEntry.Nexthop : VxlanEntry.Distorted;
        return true;
    }

    private VxlanEntry ReadTunnelRoute(RouteEntry route)
    {
        bool isAsMade = route is { Protocol: RouteProtocol.Boot, Type: RouteType.Unicast, Scope: RouteScope.Universe, PreferredSource: null };
        if (!isAsMade) return VxlanEntry.Distorted;
        if (route.NexthopId != 0)
        {
            return nexthops.TryGetGateway(route.NexthopId, out IPAddress? known)
                ? VxlanEntry.Route(known, VxlanEntryForm.ThroughNexthop)
                : VxlanEntry.Distorted;
        }

        return route is { Gateway: { } gateway, IsOnLink: true } ? VxlanEntry.Route(gateway, VxlanEntryForm.Plain) : VxlanEntry.Distorted;
    }
}
