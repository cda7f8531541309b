using System.Net;
using System.Runtime.Versioning;
using Flannel.Backends.Vxlan.Devices;
using Flannel.Backends.Vxlan.Entries;
using Flannel.Core.Reconciliation;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Backends.Vxlan.DataPath;

/// <summary>
/// Turns what the kernel tells into reports to the reconciler. An entry that changed is reported as it is now; whatever takes entries along in
/// silence (a device that went down, a nexthop object that went away) asks for a full comparison. Of what we wrote ourselves only FDB entries
/// come back, because the kernel does not say whose they are; they agree with what is desired and cost nothing.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class VxlanListener(
    VxlanDeviceSpec spec,
    VxlanDevice device,
    VxlanOwnership ownership,
    NexthopIds nexthops,
    RouteNetlink netlink,
    Reconciler<VxlanEntryKey, VxlanEntry> reconciler,
    IPAddress subnetBase,
    Action requestReview)
{
    public void Take(RouteNotification notification)
    {
        VxlanDeviceState state = device.State!;
        switch (notification)
        {
            case LinkChanged { Link: var link }:
                TakeLink(link, state);
                break;
            case LinkRemoved { Link: var link } when IsWatched(link, state):
                reconciler.RequestResync();
                requestReview();
                break;
            case AddressChanged { Address: var address }:
                TakeAddress(address, state, isRemoval: false);
                break;
            case AddressRemoved { Address: var address }:
                TakeAddress(address, state, isRemoval: true);
                break;
            case RouteChanged { Route: var route }:
                TakeRoute(route, state);
                break;
            case RouteRemoved { Route: var route }:
                TakeRouteRemoval(route);
                break;
            case NeighbourChanged { Neighbour: var neighbour }:
                TakeNeighbour(neighbour, state, isRemoval: false);
                break;
            case NeighbourRemoved { Neighbour: var neighbour }:
                TakeNeighbour(neighbour, state, isRemoval: true);
                break;
            case FdbChanged { Entry: var entry }:
                TakeForwarding(entry, state, isRemoval: false);
                break;
            case FdbRemoved { Entry: var entry }:
                TakeForwarding(entry, state, isRemoval: true);
                break;
            case NexthopChanged { Nexthop: var nexthop }:
                TakeNexthop(nexthop, state);
                break;
            case NexthopRemoved { Nexthop: var nexthop } when nexthops.TryGetGateway(nexthop.Id, out IPAddress? gateway):
                // Its routes went with it, and IPv4 does not tell of them.
                nexthops.Remove(gateway);
                reconciler.RequestResync();
                break;
            case Resynchronise:
                reconciler.RequestResync();
                requestReview();
                break;
        }
    }

    private bool IsWatched(Link link, VxlanDeviceState state) =>
        link.Index == state.Index || link.Index == state.UplinkIndex || link.Name == spec.Name || link.Name == spec.UplinkName;

    private void TakeLink(Link link, VxlanDeviceState state)
    {
        if (!IsWatched(link, state)) return;

        // The notice may be older than what we have done since, so what counts is how the devices are now.
        bool isUplink = link.Index == state.UplinkIndex || link.Name == spec.UplinkName;
        if (isUplink ? IsUplinkAsKnown(state) : IsDeviceInOrder(state)) return;
        reconciler.RequestResync();
        requestReview();
    }

    private bool IsUplinkAsKnown(VxlanDeviceState state) =>
        netlink.FindLink(state.UplinkIndex) is { } link && link.Mtu == state.UplinkMtu && link.IsUp == state.IsUplinkUp;

    private bool IsDeviceInOrder(VxlanDeviceState state) =>
        netlink.FindLink(spec.Name) is { Vxlan: { } vxlan } link && link.Index == state.Index && link.IsUp && link.Mtu == state.Mtu
        && state.Mac.Equals(link.Address) && vxlan.Learning == spec.Config.Learning;

    private void TakeAddress(InterfaceAddress address, VxlanDeviceState state, bool isRemoval)
    {
        bool isOwn = address.LinkIndex == state.Index
            && (isRemoval ? address.Address.Equals(subnetBase) : spec.Network.Contains(address.Address) && !address.Address.Equals(subnetBase));
        bool isLocal = address.Address.Equals(spec.PublicAddress) || address.Address.Equals(spec.InterfaceAddress);
        if (isOwn || isLocal) reconciler.RequestResync();
        if (address.LinkIndex != state.Index) requestReview();
    }

    private void TakeRoute(RouteEntry route, VxlanDeviceState state)
    {
        if (ownership.TryRead(route, state, out VxlanEntryKey key, out VxlanEntry entry)) reconciler.Observe(key, entry);
        else if (ownership.IsOnOurPlace(route)) reconciler.ObserveRemoval(VxlanEntryKey.Route(route.Destination)); // a foreign one took the place
        else if (ownership.IsStray(route, state)) reconciler.RequestResync();
        else requestReview();
    }

    private void TakeRouteRemoval(RouteEntry route)
    {
        if (ownership.IsOnOurPlace(route)) reconciler.ObserveRemoval(VxlanEntryKey.Route(route.Destination));
        else requestReview();
    }

    private void TakeNeighbour(in Neighbour neighbour, VxlanDeviceState state, bool isRemoval)
    {
        if (!ownership.IsOnOurPlace(neighbour, state)) return;
        bool isOurs = ownership.TryRead(neighbour, state, out VxlanEntryKey key, out VxlanEntry entry);
        if (isOurs && !isRemoval) reconciler.Observe(key, entry);
        else reconciler.ObserveRemoval(key);
    }

    private void TakeForwarding(in FdbEntry forwarding, VxlanDeviceState state, bool isRemoval)
    {
        if (!VxlanOwnership.IsOnOurPlace(forwarding, state)) return;
        bool isOurs = ownership.TryRead(forwarding, state, out VxlanEntryKey key, out VxlanEntry entry);
        if (isOurs && !isRemoval) reconciler.Observe(key, entry);
        else reconciler.ObserveRemoval(key);
    }

    private void TakeNexthop(in Nexthop nexthop, VxlanDeviceState state)
    {
        bool isOurs = ownership.TryRead(nexthop, state, out VxlanEntryKey key, out VxlanEntry entry);
        bool isKnown = nexthops.TryGetGateway(nexthop.Id, out IPAddress? gateway);
        if (isOurs && (isKnown ? gateway!.Equals(nexthop.Gateway) : nexthops.TryAdopt(nexthop.Gateway!, nexthop.Id))) reconciler.Observe(key, entry);
        else if (isOurs || isKnown) reconciler.RequestResync();
    }
}
