using System.Net;
using System.Runtime.Versioning;
using Flannel.Extensibility;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Linux.Traffic;

/// <summary>
/// Routes that end packets for addresses of the node's subnet that no container has. Their metric is higher than any that others use: for one
/// prefix the lower metric wins, so the route of a bridge with the same prefix (metric 0, for IPv6 256) carries the packets whenever it is there.
/// The metric also says whose route it is.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class BlackholeRoutes(TrafficPolicy policy)
{
    private readonly uint _metric = new TrafficNames(policy.NetworkName).BlackholeMetric;
    private bool _isClean;

    /// <summary>Whether a notification is about such a route, or about lost notifications.</summary>
    public bool Concerns(RouteNotification notification) => notification switch
    {
        RouteChanged changed => IsOurs(changed.Route),
        RouteRemoved removed => IsOurs(removed.Route),
        Resynchronise => true,
        _ => false,
    };

    /// <summary>Adds what is missing and removes what is not wanted.</summary>
    /// <returns>What was wrong.</returns>
    public IReadOnlyList<string> Repair()
    {
        if (_isClean && !policy.Blackhole)
            return [];
        IReadOnlyList<string> repaired = Make(policy.Blackhole ? [.. policy.Ranges.Select(static range => range.Subnet)] : []);
        _isClean = true;
        return repaired;
    }

    /// <summary>Removes all of them.</summary>
    public void Remove() => Make([]);

    private List<string> Make(IReadOnlyCollection<IPNetwork> wanted)
    {
        using RouteNetlink netlink = NetworkNamespace.Run(policy.NetworkNamespace, static () => RouteNetlink.Open());
        var filter = new RouteFilter { Table = RouteEntry.MainTable, Type = RouteType.Blackhole };
        List<RouteEntry> found = [.. netlink.GetRoutes(filter: filter).Where(IsOurs)];
        List<string> repaired = [];
        foreach (RouteEntry route in found.Where(route => !wanted.Contains(route.Destination)))
        {
            netlink.DeleteRoute(Route(route.Destination));
            repaired.Add($"the blackhole route to {route.Destination} was left from an earlier configuration");
        }

        foreach (IPNetwork subnet in wanted.Where(subnet => found.TrueForAll(route => route.Destination != subnet)))
        {
            netlink.ReplaceRoute(Route(subnet));
            repaired.Add($"the blackhole route to {subnet} was missing");
        }

        return repaired;
    }

    private bool IsOurs(RouteEntry route) => route.Type == RouteType.Blackhole && route.Metric == _metric && route.Table == RouteEntry.MainTable;

    private RouteEntry Route(IPNetwork subnet) => new() { Destination = subnet, Type = RouteType.Blackhole, Metric = _metric };
}
