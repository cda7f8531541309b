using System.Net;
using System.Runtime.Versioning;
using Flannel.Extensibility;
using Flannel.Netlink;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Route.Routes;
using Sighting = Flannel.Extensibility.Sighting<System.Net.IPNetwork, System.Net.IPAddress?>;

namespace Flannel.Backends.HostGateway;

/// <summary>
/// One plain route per peer: subnet → host, over the external interface. An entry without a gateway is a route of the network that is made otherwise,
/// which is what another backend leaves.
/// </summary>
/// <param name="context">The family on its host.</param>
[SupportedOSPlatform("linux")]
internal sealed class HostGatewayMechanism(KernelContext context) : KernelMechanism<IPNetwork, IPAddress?>(context)
{
    public override string Name => $"host-gw ({(Family.IsIPv6 ? "IPv6" : "IPv4")} routes over {Context.External.State.Name})";

    public override GuardedTunnel Tunnel => new() { ExternalInterface = Family.ExternalName };

    public override int Mtu => Context.External.State.Mtu;

    public override bool DependsOnRoutes => true;

    public override IComparer<IPNetwork> Order { get; } = Comparer<IPNetwork>.Create(static (_, _) => 0); // no route depends on another

    public override void Prepare()
    {
        if (Context.External.State is { Exists: false, Problem: { } problem }) throw new HostGatewayException(problem, isTransient: true);
    }

    public override string? AddEntries(FamilyPeer peer, ICollection<KeyValuePair<IPNetwork, IPAddress?>> entries)
    {
        if (FindObstacle(peer.Host) is { } obstacle) return obstacle;
        entries.Add(new(peer.Subnet, peer.Host));
        return null;
    }

    public override IReadOnlyDictionary<IPNetwork, IPAddress?> Read(CancellationToken cancellationToken)
    {
        var routes = new Dictionary<IPNetwork, IPAddress?>();
        foreach (RouteEntry route in Context.Routes.ReadOwn()) routes[route.Destination] = EntryOf(route);
        return routes;
    }

    public override void Apply(
        IReadOnlyList<ReconcileChange<IPNetwork, IPAddress?>> changes,
        IDictionary<IPNetwork, Exception> failures,
        CancellationToken cancellationToken)
    {
        int link = Context.External.State.Index;
        Context.Routes.Write(
            [.. changes.Where(static change => !change.IsRemoval).Select(change =>
                KeyValuePair.Create(change.Key, PeerRoutes.Make(change.Key, change.Entry!, link)))],
            failures);
        cancellationToken.ThrowIfCancellationRequested();
        Context.Routes.Delete(
            [.. changes.Where(static change => change.IsRemoval).Select(change =>
                KeyValuePair.Create(change.Key, change.Entry is { } host ? PeerRoutes.Make(change.Key, host, link) : null))],
            static key => key,
            failures);
    }

    public override Sighting Recognize(RouteNotification notification) => notification switch
    {
        RouteChanged { Route: var route } when Context.Routes.IsOwn(route) => new Sighting(SightingKind.Entry, route.Destination, EntryOf(route)),
        // A foreign one took the place.
        RouteChanged { Route: var route } when Context.Routes.IsOnPlace(route) => new Sighting(SightingKind.Removal, route.Destination),
        RouteRemoved { Route: var route } when Context.Routes.IsOnPlace(route) => new Sighting(SightingKind.Removal, route.Destination),
        RouteChanged or RouteRemoved or AddressChanged or AddressRemoved => new Sighting(SightingKind.OtherRoute),
        _ => default,
    };

    public override void Remove() => Context.Routes.DeleteAll();

    public override FlannelException NewRefusal(string message, NetlinkException refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        return new HostGatewayException(message, refusal.IsTransient, refusal);
    }

    private IPAddress? EntryOf(RouteEntry route) => Context.Routes.IsAsMade(route) ? route.Gateway : null;

    /// <summary>Why a host cannot be a gateway. While the interface itself is in trouble nothing is held against hosts.</summary>
    private string? FindObstacle(IPAddress host)
    {
        ExternalLinkState external = Context.External.State;
        if (!external.IsUsable) return null;
        RouteEntry? route = PeerRoutes.Resolve(Netlink, host);
        if (PeerRoutes.IsOnLink(route, external.Index)) return null;
        string found = route switch
        {
            null => "no route leads there",
            { Type: RouteType.Local } => "it is an address of this host",
            { Gateway: { } gateway } => $"it is reached via {gateway}",
            _ => $"it is reached over {Netlink.FindLink(route.LinkIndex)?.Name ?? "another interface"}",
        };
        return $"{host} is not on-link of {external.Name} ({found}): use vxlan, which crosses routers, or bring all hosts onto one layer-2 network";
    }
}
