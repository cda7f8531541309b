using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Linux.Interfaces;

/// <summary>The host's network at one moment: all that the choice of the external interface depends on.</summary>
[SupportedOSPlatform("linux")]
internal sealed class HostSnapshot
{
    private readonly ImmutableArray<RouteEntry> _routes;
    private readonly Func<IPAddress, RouteEntry?> _findRoute;

    /// <summary>Puts a snapshot together from what the kernel lists, in its order.</summary>
    /// <param name="links">All links.</param>
    /// <param name="addresses">All addresses.</param>
    /// <param name="routes">The routes of both families; only unicast default routes of the main table matter.</param>
    /// <param name="findRoute">Asks the kernel's routing for an address; <see langword="null"/> if there is no route.</param>
    internal HostSnapshot(
        IEnumerable<Link> links, IEnumerable<InterfaceAddress> addresses, IEnumerable<RouteEntry> routes, Func<IPAddress, RouteEntry?> findRoute)
    {
        ILookup<int, InterfaceAddress> byLink = addresses.ToLookup(static address => address.LinkIndex);
        Interfaces = [.. links.Select(link => new HostInterface(link, [.. byLink[link.Index]]))];
        _routes = [.. routes];
        _findRoute = findRoute;
    }

    /// <summary>Asks the kernel for everything.</summary>
    internal static HostSnapshot Read(RouteNetlink netlink)
    {
        return new HostSnapshot(
            netlink.GetLinks(), netlink.GetAddresses(), netlink.GetRoutes(filter: new RouteFilter { Table = RouteEntry.MainTable }), FindRoute);

        RouteEntry? FindRoute(IPAddress target)
        {
            try
            {
                return netlink.ResolveRoute(target);
            }
            catch (NetlinkException exception) when (!exception.IsTransient) // the route prohibits it
            {
                return null;
            }
        }
    }

    /// <summary>The interfaces in the kernel's order.</summary>
    internal ImmutableArray<HostInterface> Interfaces { get; }

    internal HostInterface? Find(int index) => Interfaces.FirstOrDefault(candidate => candidate.Index == index);

    /// <summary>The family's default route: the first of the main table, whose order is that of the metrics.</summary>
    internal RouteEntry? DefaultRoute(AddressFamily family) => _routes.FirstOrDefault(route =>
        route is { IsDefault: true, Table: RouteEntry.MainTable, Type: RouteType.Unicast } && route.Destination.BaseAddress.AddressFamily == family);

    /// <summary>
    /// The largest packet that leaves the host whatever interface it is sent from: the smallest MTU of those that its default routes leave through,
    /// or, without any, of all that are up and leave the host. <see langword="null"/> if there are none.
    /// </summary>
    private int? LeavingMtu()
    {
        int[] links = [.. _routes.Where(static route => route.IsDefault).SelectMany(LinksOf).Distinct()];
        HostInterface[] leaving = [.. Interfaces.Where(candidate => candidate is { Link: { IsUp: true, Mtu: > 0 }, Unsuitable: null })];
        IEnumerable<HostInterface> taken = leaving.Where(candidate => links.Contains(candidate.Index));
        return (taken.Any() ? taken : leaving).Min(static candidate => (int?)candidate.Link.Mtu);
    }

    /// <summary>The largest packet that leaves the host where a link is the external interface.</summary>
    internal int MtuOf(Link link) =>
        // Nothing leaves the host through the loopback interface; its packets go by the routes of others.
        link.IsLoopback ? LeavingMtu() ?? link.Mtu : link.Mtu;

    /// <summary>The links that a route leaves through.</summary>
    internal static IEnumerable<int> LinksOf(RouteEntry route) =>
        route.Hops is { Count: > 0 } hops ? hops.Select(static hop => hop.LinkIndex).Distinct() : [route.LinkIndex];

    internal RouteEntry? FindRoute(IPAddress target) => _findRoute(target);
}
