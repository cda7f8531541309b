using System.Net;
using System.Runtime.Versioning;
using Flannel.Core.Reconciliation;
using Flannel.Linux.Routes;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Backends.HostGateway.DataPath;

/// <summary>
/// Turns what the kernel tells into reports to the reconciler. A route that changed is reported as it is now; a change of the external interface,
/// which takes routes along in silence, asks for a full comparison; every other route may change which hosts are on-link.
/// </summary>
/// <param name="spec">What the routes are made from.</param>
/// <param name="uplink">The external interface.</param>
/// <param name="peerRoutes">Tells what is ours.</param>
/// <param name="reconciler">Whom to tell.</param>
/// <param name="requestReview">Asks to look anew which hosts are on-link.</param>
[SupportedOSPlatform("linux")]
internal sealed class HostGatewayListener(
    HostGatewaySpec spec, Uplink uplink, PeerRoutes peerRoutes, Reconciler<IPNetwork, IPAddress> reconciler, Action requestReview)
{
    public void Take(RouteNotification notification)
    {
        switch (notification)
        {
            case LinkChanged { Link: var link } when IsUplink(link):
                LookAtEverything();
                break;
            case LinkRemoved { Link: var link } when IsUplink(link):
                LookAtEverything();
                break;
            case AddressChanged { Address: var address }:
                TakeAddress(address);
                break;
            case AddressRemoved { Address: var address }:
                TakeAddress(address);
                break;
            case RouteChanged { Route: var route }:
                TakeRoute(route);
                break;
            case RouteRemoved { Route: var route }:
                TakeRouteRemoval(route);
                break;
            case Resynchronise:
                LookAtEverything();
                break;
        }
    }

    private bool IsUplink(Link link) => link.Index == uplink.State.Index || link.Name == spec.UplinkName;

    private void LookAtEverything()
    {
        reconciler.RequestResync();
        requestReview();
    }

    private void TakeAddress(InterfaceAddress address)
    {
        if (address.Address.Equals(spec.Address)) LookAtEverything();
        else requestReview();
    }

    private void TakeRoute(RouteEntry route)
    {
        if (!peerRoutes.IsOnOurPlace(route)) requestReview();
        else if (peerRoutes.IsOurs(route, uplink.State.Index)) reconciler.Observe(route.Destination, route.Gateway!);
        else reconciler.ObserveRemoval(route.Destination); // a foreign one took the place
    }

    private void TakeRouteRemoval(RouteEntry route)
    {
        if (!peerRoutes.IsOnOurPlace(route)) requestReview();
        else if (peerRoutes.IsOurs(route, uplink.State.Index)) reconciler.ObserveRemoval(route.Destination);
        else reconciler.RequestResync(); // the place is free, and ours need not wait out its back-off
    }
}
