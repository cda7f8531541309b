using System.Net;
using System.Runtime.Versioning;
using Flannel.Core.Reconciliation;
using Flannel.Linux.Routes;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Backends.HostGateway.DataPath;

/// <summary>
/// The kernel as the reconciler sees it: the routes over the external interface that lead to peers' subnets, each with its gateway.
/// </summary>
/// <param name="spec">What the routes are made from.</param>
/// <param name="uplink">The external interface.</param>
/// <param name="peerRoutes">Tells what is ours.</param>
/// <param name="netlink">The kernel.</param>
[SupportedOSPlatform("linux")]
internal sealed class HostGatewayReconcileTarget(HostGatewaySpec spec, Uplink uplink, PeerRoutes peerRoutes, RouteNetlink netlink)
    : IReconcileTarget<IPNetwork, IPAddress>
{
    public IComparer<IPNetwork> Order { get; } = Comparer<IPNetwork>.Create(static (_, _) => 0); // no route depends on another

    public IReadOnlyDictionary<IPNetwork, IPAddress> Read(CancellationToken cancellationToken)
    {
        uplink.Refresh();
        return GetOwnRoutes().ToDictionary(static route => route.Destination, static route => route.Gateway!);
    }

    public void Apply(
        IReadOnlyList<ReconcileChange<IPNetwork, IPAddress>> changes,
        IDictionary<IPNetwork, Exception> failures,
        CancellationToken cancellationToken)
    {
        Write([.. changes.Where(static change => !change.IsRemoval)], failures);
        cancellationToken.ThrowIfCancellationRequested();
        Remove([.. changes.Where(static change => change.IsRemoval)], failures);
    }

    /// <summary>Removes every route that is ours.</summary>
    public void RemoveAll()
    {
        uplink.Refresh();
        var batch = new RouteBatch();
        foreach (RouteEntry route in GetOwnRoutes()) batch.DeleteRoute(PeerRoutes.Make(route.Destination, route.Gateway!, route.LinkIndex));
        if (netlink.Execute(batch).Values.FirstOrDefault() is { } refusal) throw refusal;
    }

    /// <summary>
    /// Routes are added, not replaced, so that a foreign route to the same place is never overwritten. What is refused is looked at: a route of
    /// ours is replaced, a foreign one is reported.
    /// </summary>
    private void Write(List<ReconcileChange<IPNetwork, IPAddress>> changes, IDictionary<IPNetwork, Exception> failures)
    {
        if (changes.Count == 0) return;
        var batch = new RouteBatch();
        foreach (ReconcileChange<IPNetwork, IPAddress> change in changes) batch.AddRoute(Make(change));

        var taken = new List<ReconcileChange<IPNetwork, IPAddress>>();
        foreach ((int index, NetlinkException error) in netlink.Execute(batch))
        {
            if (error.IsAlreadyExists) taken.Add(changes[index]);
            else failures[changes[index].Key] = error;
        }

        if (taken.Count > 0) Replace(taken, failures);
    }

    private void Replace(List<ReconcileChange<IPNetwork, IPAddress>> changes, IDictionary<IPNetwork, Exception> failures)
    {
        // Connected routes of the kernel's are in the way, too, though never on a place of ours by anybody's choice.
        ILookup<IPNetwork, RouteEntry> present = netlink.GetRoutes(spec.Family, new RouteFilter { Table = RouteEntry.MainTable })
            .Where(peerRoutes.HasOurMetric)
            .ToLookup(static route => route.Destination);
        var batch = new RouteBatch();
        var queued = new List<IPNetwork>();
        foreach (ReconcileChange<IPNetwork, IPAddress> change in changes)
        {
            RouteEntry? foreign = present[change.Key].FirstOrDefault(route => !peerRoutes.IsOurs(route, uplink.State.Index));
            if (foreign is not null)
            {
                failures[change.Key] = PeerRoutes.NewConflict(netlink, foreign);
                continue;
            }

            batch.ReplaceRoute(Make(change));
            queued.Add(change.Key);
        }

        foreach ((int index, NetlinkException error) in netlink.Execute(batch)) failures[queued[index]] = error;
    }

    private void Remove(List<ReconcileChange<IPNetwork, IPAddress>> changes, IDictionary<IPNetwork, Exception> failures)
    {
        if (changes.Count == 0) return;
        var batch = new RouteBatch();
        foreach (ReconcileChange<IPNetwork, IPAddress> change in changes) batch.DeleteRoute(Make(change));
        foreach ((int index, NetlinkException error) in netlink.Execute(batch)) failures[changes[index].Key] = error;
    }

    private RouteEntry Make(in ReconcileChange<IPNetwork, IPAddress> change) => PeerRoutes.Make(change.Key, change.Entry, uplink.State.Index);

    private IEnumerable<RouteEntry> GetOwnRoutes()
    {
        int index = uplink.State.Index;
        return netlink.GetRoutes(spec.Family, new RouteFilter { Table = RouteEntry.MainTable, LinkIndex = index })
            .Where(route => peerRoutes.IsOurs(route, index));
    }
}
