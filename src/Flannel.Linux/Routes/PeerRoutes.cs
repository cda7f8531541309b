using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Linux.Diagnostics;
using Flannel.Linux.Routes;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Extensibility;

/// <summary>
/// The routes to peers' subnets in one address family: which of the kernel's routes belong to the network, and how they are written. A route belongs
/// to the network if it lies inside its range, is made as flannel makes routes (main table, protocol boot, the kernel's default metric), and either
/// leaves through a device of flannel's, whichever backend made that, or through a gateway: on the external interface to what has the length of a
/// subnet, the one that this host leases or that its own subnet or a peer's has; on any interface to a peer's subnet through that peer's host,
/// because the external interface may have been another one.
/// </summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="context">The family on its host.</param>
[SupportedOSPlatform("linux")]
[Experimental(ExperimentalApi.KernelBackends)]
public sealed class PeerRoutes(KernelContext context)
{
    private const uint DefaultMetricIPv6 = 1024;

    /// <summary>How many foreign routes are named; of those beyond only the number is said.</summary>
    private const int NamedAtMost = 20;

    // A routing daemon may make any number of them, others each time.
    private const int CountedAtMost = 1000;

    private readonly ConcurrentDictionary<IPNetwork, IPAddress?> _peers = [];
    private readonly ConcurrentDictionary<int, bool> _lengths = []; // of the peers' subnets
    private readonly ConcurrentDictionary<IPNetwork, bool> _logged = [];
    private readonly NetworkFamily _family = context.Family;
    private readonly RouteNetlink _netlink = context.Netlink;
    private int _foreign;
    private int _said = NamedAtMost;

    /// <summary>The index of the network's own tunnel device; 0 if it has none.</summary>
    public int TunnelIndex { get; set; }

    /// <summary>The node's own subnet, inside which routes are its containers' business; <see langword="null"/> before there is one.</summary>
    public IPNetwork? OwnSubnet { get; set; }

    /// <summary>
    /// Makes the route to a peer's subnet through its host, exactly as flannel does: main table, protocol boot, the kernel's default metric.
    /// </summary>
    /// <param name="subnet">The peer's subnet.</param>
    /// <param name="host">The peer's host.</param>
    /// <param name="linkIndex">The interface that leads to the host.</param>
    public static RouteEntry Make(IPNetwork subnet, IPAddress host, int linkIndex) =>
        new() { Destination = subnet, Gateway = host, LinkIndex = linkIndex, Metric = DefaultMetric(subnet.BaseAddress.AddressFamily) };

    /// <summary>A route that names one of the kernel's routes and no other, for deleting it.</summary>
    /// <param name="route">A route as the kernel reports it.</param>
    public static RouteEntry Exactly(RouteEntry route)
    {
        ArgumentNullException.ThrowIfNull(route);
        var exact = new RouteEntry { Destination = route.Destination, Protocol = route.Protocol, Type = route.Type, Metric = route.Metric };
        return route.NexthopId != 0
            ? exact with { NexthopId = route.NexthopId }
            : exact with { Gateway = route.Gateway, LinkIndex = route.LinkIndex };
    }

    /// <summary>Asks which route the kernel would take.</summary>
    /// <param name="netlink">The kernel.</param>
    /// <param name="destination">Where to.</param>
    /// <returns>The route, or <see langword="null"/> if there is none or it is prohibited.</returns>
    public static RouteEntry? Resolve(RouteNetlink netlink, IPAddress destination)
    {
        ArgumentNullException.ThrowIfNull(netlink);
        try
        {
            return netlink.ResolveRoute(destination);
        }
        catch (NetlinkException)
        {
            return null;
        }
    }

    /// <summary>Whether a route ends on an interface's own network, so that the host at its end can be a gateway.</summary>
    /// <param name="route">What <see cref="Resolve"/> found.</param>
    /// <param name="linkIndex">The interface.</param>
    public static bool IsOnLink(RouteEntry? route, int linkIndex) =>
        route is { Type: RouteType.Unicast, Gateway: null } && route.LinkIndex == linkIndex;

    /// <summary>
    /// Notes that a subnet is, or was, a peer's: a route to it through a gateway is the network's own, whatever its length, and through the peer's
    /// host whatever its interface. A route to another subnet of that length may be one to a peer that has departed.
    /// </summary>
    /// <param name="subnet">The subnet.</param>
    /// <param name="host">The peer's host; <see langword="null"/> if it has no address of the family.</param>
    public void AddPeer(IPNetwork subnet, IPAddress? host)
    {
        _peers[subnet] = host;
        _lengths[subnet.PrefixLength] = true;
    }

    /// <summary>Whether a subnet is, or was, a peer's.</summary>
    /// <param name="subnet">Any range.</param>
    public bool IsSubnet(IPNetwork subnet) => _peers.ContainsKey(subnet);

    /// <summary>Whether a range is a subnet that is, or was, a peer's, or a part of one.</summary>
    /// <param name="range">Any range.</param>
    public bool IsInSubnet(IPNetwork range) => SubnetsAround(range).Any();

    /// <summary>Whether a route stands where one to a peer would have to be: the kernel holds one route per destination and metric.</summary>
    /// <param name="route">Any route.</param>
    public bool IsOnPlace(RouteEntry route) => IsInside(route) && HasDefaultMetric(route);

    /// <summary>Whether a route belongs to the network.</summary>
    /// <param name="route">Any route.</param>
    public bool IsOwn(RouteEntry route) => IsOnPlace(route) && IsMadeByBackend(route) && (IsTunnelled(route) || IsDirect(route));

    /// <summary>
    /// Whether a route leads through the network's own tunnel device beside the place of a peer's, where it would shadow or be shadowed.
    /// </summary>
    /// <param name="route">Any route.</param>
    public bool IsStray(RouteEntry route) =>
        IsInside(route) && !HasDefaultMetric(route) && IsMadeByBackend(route) && IsThroughTunnel(route);

    /// <summary>Whether one of the network's routes is as <see cref="Make"/> makes it over the external interface.</summary>
    /// <param name="route">One of the network's routes.</param>
    public bool IsAsMade(RouteEntry route)
    {
        ArgumentNullException.ThrowIfNull(route);
        return IsOverExternal(route) && route is { Gateway: not null, NexthopId: 0, IsOnLink: false };
    }

    /// <summary>
    /// Lists the network's routes, whatever they lead through. Stray routes over its own device are deleted on the way.
    /// </summary>
    public IEnumerable<RouteEntry> ReadOwn()
    {
        foreach (RouteEntry route in ReadMadeByBackends())
        {
            if (IsStray(route)) _netlink.DeleteRoute(Exactly(route));
            else if (IsOwn(route)) yield return route;
        }
    }

    /// <summary>
    /// Lists the routes over one of the network's own devices that are made as a backend makes those to peers (the gateway is the first address of
    /// the subnet), yet lie outside the range: the network had another one before.
    /// </summary>
    internal IEnumerable<RouteEntry> ReadFormer(int linkIndex) =>
        GetRoutes(new RouteFilter { Table = RouteEntry.MainTable, Protocol = RouteProtocol.Boot, LinkIndex = linkIndex })
            .Where(route => route.Type == RouteType.Unicast && HasDefaultMetric(route) && !_family.Contains(route.Destination)
                && route.Destination.BaseAddress.Equals(route.Gateway) && (route.IsOnLink || route.NexthopId != 0));

    /// <summary>Whether there is any of the routes that <see cref="ReadOwn"/> lists. Nothing is deleted.</summary>
    public bool HasOwn() => ReadMadeByBackends().Any(IsOwn);

    /// <summary>
    /// Writes routes. They are added, not replaced, so that a foreign route to the same place is never overwritten. What the kernel refuses is looked
    /// at: a route of the network is replaced in one step, a foreign one is reported.
    /// </summary>
    /// <param name="routes">The routes, each with its key.</param>
    /// <param name="failures">Where to put what failed.</param>
    /// <typeparam name="TKey">What identifies a route.</typeparam>
    public void Write<TKey>(IReadOnlyList<KeyValuePair<TKey, RouteEntry>> routes, IDictionary<TKey, Exception> failures)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(failures);
        if (routes.Count == 0) return;
        context.Guard?.Admit(); // a route sets packets in motion, and answers come back
        var batch = new RouteBatch(routes.Count);
        foreach ((_, RouteEntry route) in routes) batch.AddRoute(route);
        IReadOnlyDictionary<int, NetlinkException> refused = _netlink.Execute(batch);
        if (refused.Count == 0) return;

        // Connected routes are in the way, too, though nobody chose to put them there.
        ILookup<IPNetwork, RouteEntry> present = GetRoutes().Where(HasDefaultMetric).ToLookup(static route => route.Destination);
        var replacements = new RouteBatch();
        var queued = new List<TKey>();
        foreach ((int index, NetlinkException error) in refused)
        {
            (TKey key, RouteEntry route) = routes[index];
            RouteEntry? foreign = present[route.Destination].FirstOrDefault(found => !IsOwn(found));
            RouteEntry? own = present[route.Destination].FirstOrDefault(IsOwn);
            if (foreign is not null)
            {
                failures[key] = NewConflict(_netlink, foreign);
            }
            else if (own is null)
            {
                failures[key] = error;
            }
            else
            {
                if (IsInTheWay(own, route)) Queue(key, replacements.DeleteRoute(Exactly(own)));
                Queue(key, replacements.ReplaceRoute(route));
            }
        }

        foreach ((int index, NetlinkException error) in _netlink.Execute(replacements)) failures[queued[index]] = error;

        void Queue(TKey key, int index)
        {
            while (queued.Count <= index) queued.Add(key);
        }
    }

    /// <summary>Deletes routes.</summary>
    /// <param name="routes">The routes, each with its key; <see langword="null"/> for whatever route of the network leads to the destination.</param>
    /// <param name="destinationOf">The destination that a key stands for.</param>
    /// <param name="failures">Where to put what failed.</param>
    /// <typeparam name="TKey">What identifies a route.</typeparam>
    public void Delete<TKey>(
        IReadOnlyList<KeyValuePair<TKey, RouteEntry?>> routes, Func<TKey, IPNetwork> destinationOf, IDictionary<TKey, Exception> failures)
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(destinationOf);
        ArgumentNullException.ThrowIfNull(failures);
        if (routes.Count == 0) return;
        ILookup<IPNetwork, RouteEntry>? present = null;
        var batch = new RouteBatch();
        var queued = new List<TKey>();
        foreach ((TKey key, RouteEntry? route) in routes)
        {
            if (route is not null)
            {
                Queue(key, batch.DeleteRoute(route));
            }
            else
            {
                present ??= GetRoutes().Where(IsOwn).ToLookup(static found => found.Destination);
                foreach (RouteEntry found in present[destinationOf(key)]) Queue(key, batch.DeleteRoute(Exactly(found)));
            }
        }

        foreach ((int index, NetlinkException error) in _netlink.Execute(batch)) failures[queued[index]] = error;

        void Queue(TKey key, int index)
        {
            while (queued.Count <= index) queued.Add(key);
        }
    }

    /// <summary>
    /// Finds the routes to peers' subnets and to parts of them that somebody else made, or the kernel for an address that somebody gave to a device,
    /// and says of each what it is. Where one route leads to the whole network, they go before it, whatever their metric.
    /// </summary>
    /// <returns>The conflicts by the peer's subnet.</returns>
    public IReadOnlyDictionary<IPNetwork, RouteConflictException> FindForeign()
    {
        var found = new Dictionary<IPNetwork, RouteConflictException>();
        foreach (RouteEntry route in GetRoutes())
        {
            if (!IsForeign(route) || IsThroughTunnel(route)) continue;
            foreach (IPNetwork subnet in SubnetsAround(route.Destination)) found.TryAdd(subnet, NewConflict(_netlink, route));
        }

        return found;
    }

    /// <summary>Logs the routes inside the network's range that somebody else made. They are left alone.</summary>
    public void LogForeign()
    {
        foreach (RouteEntry route in GetRoutes()) LogIfForeign(route);
        LogMoreForeign();
    }

    /// <summary>Logs how many foreign routes were found beyond those that were named, if there are more than were said.</summary>
    public void LogMoreForeign()
    {
        int found = Volatile.Read(ref _foreign);
        if (found > Interlocked.Exchange(ref _said, Math.Max(found, NamedAtMost)))
            KernelNetwork.Log.MoreForeignRoutes(context.Logger, found - NamedAtMost, _family.Network);
    }

    /// <summary>
    /// Logs once that somebody else made a route inside the network's range. One that stands in the place of a peer's is that peer's problem, and
    /// logged as such.
    /// </summary>
    /// <param name="route">Any route.</param>
    public void LogIfForeign(RouteEntry route)
    {
        if (!IsForeign(route) || IsStray(route) || IsPeersProblem(route)) return;
        if (Volatile.Read(ref _foreign) >= CountedAtMost) return;
        if (_logged.TryAdd(route.Destination, true) && Interlocked.Increment(ref _foreign) <= NamedAtMost)
            KernelNetwork.Log.ForeignRoute(context.Logger, route.Destination, Describe(_netlink, route), _family.Network);
    }

    /// <summary>Deletes every route of the network, but for those over its own tunnel device, which go with that.</summary>
    public void DeleteAll()
    {
        var batch = new RouteBatch();
        foreach (RouteEntry route in ReadOwn().Where(route => !IsThroughTunnel(route))) batch.DeleteRoute(Exactly(route));
        if (_netlink.Execute(batch).Values.FirstOrDefault() is { } refusal) throw refusal;
    }

    /// <summary>Says what a route is, as <c>ip route</c> would.</summary>
    /// <param name="netlink">The kernel, which knows the name of the route's interface.</param>
    /// <param name="route">Any route.</param>
    public static string Describe(RouteNetlink netlink, RouteEntry route)
    {
        ArgumentNullException.ThrowIfNull(netlink);
        ArgumentNullException.ThrowIfNull(route);
        string device = route.LinkIndex == 0 ? "" : $" dev {netlink.FindLink(route.LinkIndex)?.Name ?? "?"}";
        string gateway = route.Gateway is null ? "" : $" via {route.Gateway}";
        return $"{route.Type}{gateway}{device} protocol {route.Protocol}".ToLowerInvariant();
    }

    internal static RouteConflictException NewConflict(RouteNetlink netlink, RouteEntry foreign) =>
        new(foreign.Destination.ToString(), Describe(netlink, foreign));

    private bool IsInside(RouteEntry route)
    {
        ArgumentNullException.ThrowIfNull(route);
        return route.Protocol != RouteProtocol.Kernel && IsInRange(route);
    }

    private bool IsInRange(RouteEntry route) => route.Table == RouteEntry.MainTable && _family.Contains(route.Destination);

    /// <summary>The kernel's own routes count, too: those of a bridge, but not those that come with a tunnel device's address.</summary>
    private bool IsForeign(RouteEntry route)
    {
        ArgumentNullException.ThrowIfNull(route);
        return IsInRange(route) && !IsOwn(route) && !IsInOwnSubnet(route.Destination)
            && !(route.Protocol == RouteProtocol.Kernel && IsTunnelled(route));
    }

    private IEnumerable<IPNetwork> SubnetsAround(IPNetwork range) => _lengths.Select(static known => known.Key)
        .Where(length => length <= range.PrefixLength)
        .Select(length => NetworkRange.Around(range.BaseAddress, length))
        .Where(_peers.ContainsKey);

    private bool IsInOwnSubnet(IPNetwork destination) =>
        OwnSubnet is { } own && destination.PrefixLength >= own.PrefixLength && own.Contains(destination.BaseAddress);

    /// <summary>One with a lower metric is taken before the peer's, and writing that one meets no conflict.</summary>
    private bool IsPeersProblem(RouteEntry route) => route.Metric >= DefaultMetric(_family.Family) && IsSubnet(route.Destination);

    private bool HasDefaultMetric(RouteEntry route) => route.Metric == DefaultMetric(_family.Family);

    /// <summary>Other protocols (static, bgp, …) prove that somebody else made the route.</summary>
    private static bool IsMadeByBackend(RouteEntry route) => route is { Protocol: RouteProtocol.Boot, Type: RouteType.Unicast };

    private bool IsTunnelled(RouteEntry route) => IsThroughTunnel(route) || context.Devices.IsLeftover(route.LinkIndex);

    private bool IsThroughTunnel(RouteEntry route) => TunnelIndex != 0 && route.LinkIndex == TunnelIndex;

    private bool IsDirect(RouteEntry route) =>
        route is { Gateway: { } gateway, NexthopId: 0, Hops: null, PreferredSource: null } && gateway.AddressFamily == _family.Family
        && (_peers.TryGetValue(route.Destination, out IPAddress? host)
            ? gateway.Equals(host) || IsOverExternal(route)
            : IsOverExternal(route) && IsLengthOfSubnets(route.Destination.PrefixLength));

    /// <summary>Peers may have other lengths than the configured one, and where a cluster gives the subnets, this host, too.</summary>
    private bool IsLengthOfSubnets(int length) =>
        length > _family.Network.PrefixLength
        && (length == _family.SubnetLength || length == OwnSubnet?.PrefixLength || _lengths.ContainsKey(length));

    private bool IsOverExternal(RouteEntry route) => route.LinkIndex == context.External.State.Index;

    /// <summary>IPv6 refuses a gateway that is reached through another device, and the route that is to go does just that.</summary>
    private bool IsInTheWay(RouteEntry own, RouteEntry route) =>
        _family.IsIPv6 && own.LinkIndex != TunnelIndex && !IsOverExternal(route);

    private IReadOnlyList<RouteEntry> GetRoutes() => GetRoutes(new RouteFilter { Table = RouteEntry.MainTable });

    private IReadOnlyList<RouteEntry> GetRoutes(RouteFilter filter) => _netlink.GetRoutes(_family.Family, filter);

    private IReadOnlyList<RouteEntry> ReadMadeByBackends()
    {
        context.Devices.Find();
        return GetRoutes(new RouteFilter { Table = RouteEntry.MainTable, Protocol = RouteProtocol.Boot });
    }

    private static uint DefaultMetric(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? DefaultMetricIPv6 : 0;
}
