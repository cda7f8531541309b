using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Flannel.Backends.Vxlan.Devices;
using Flannel.Core.Reconciliation;
using Flannel.Linux.Routes;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Backends.Vxlan.Entries;

// Three batches: 1 what routes point at, 2 routes, 3 removals. Functions appear in that order.
internal sealed partial class VxlanReconcileTarget
{
    /// <summary>How many numbers are tried for one nexthop object before its failure is reported.</summary>
    private const int MaximumIdAttempts = 16;

    public void Apply(
        IReadOnlyList<ReconcileChange<VxlanEntryKey, VxlanEntry>> changes,
        IDictionary<VxlanEntryKey, Exception> failures,
        CancellationToken cancellationToken)
    {
        VxlanDeviceState device = Device;
        var targets = new List<ReconcileChange<VxlanEntryKey, VxlanEntry>>();
        var routes = new List<ReconcileChange<VxlanEntryKey, VxlanEntry>>();
        var removals = new List<ReconcileChange<VxlanEntryKey, VxlanEntry>>();
        foreach (ReconcileChange<VxlanEntryKey, VxlanEntry> change in changes)
            (change.IsRemoval ? removals : change.Key.Kind == VxlanEntryKind.Route ? routes : targets).Add(change);

        WriteTargets(targets, device, failures);
        cancellationToken.ThrowIfCancellationRequested();
        WriteRoutes(routes, FindUnreachable(targets, failures), device, failures);
        cancellationToken.ThrowIfCancellationRequested();
        Remove(removals, device, failures);
    }

    private void WriteTargets(
        List<ReconcileChange<VxlanEntryKey, VxlanEntry>> changes, VxlanDeviceState device, IDictionary<VxlanEntryKey, Exception> failures)
    {
        if (changes.Count == 0) return;
        var batch = new RouteBatch();
        foreach ((VxlanEntryKey key, _, VxlanEntry entry) in changes)
        {
            switch (key.Kind)
            {
                case VxlanEntryKind.Forwarding:
                    batch.ReplaceFdb(new FdbEntry { LinkIndex = device.Index, Address = key.Mac!, Destination = entry.Address });
                    break;
                case VxlanEntryKind.Neighbour:
                    batch.ReplaceNeighbour(new Neighbour { LinkIndex = device.Index, Destination = key.Address!, Address = entry.Mac });
                    break;
                default:
                    bool isKnown = _nexthops.TryGetId(key.Address!, out uint id);
                    Nexthop nexthop = NewNexthop(isKnown ? id : _nexthops.Allocate(key.Address!), key.Address!, device);
                    if (isKnown) batch.ReplaceNexthop(nexthop);
                    else batch.AddNexthop(nexthop);
                    break;
            }
        }

        foreach ((int index, NetlinkException error) in _netlink.Execute(batch))
        {
            VxlanEntryKey key = changes[index].Key;
            NetlinkException? final = key.Kind == VxlanEntryKind.Nexthop ? RetryNexthop(key.Address!, device, error) : error;
            if (final is not null) failures[key] = final;
        }
    }

    /// <summary>Takes another number if somebody else took ours first.</summary>
    private NetlinkException? RetryNexthop(IPAddress gateway, VxlanDeviceState device, NetlinkException error)
    {
        for (int attempt = 0; attempt < MaximumIdAttempts && error.IsAlreadyExists && _nexthops.TryGetId(gateway, out uint taken); attempt++)
        {
            _nexthops.Cede(gateway, taken);
            try
            {
                _netlink.AddNexthop(NewNexthop(_nexthops.Allocate(gateway), gateway, device));
                return null;
            }
            catch (NetlinkException exception)
            {
                error = exception;
            }
        }

        _nexthops.Remove(gateway);
        return error;
    }

    private static Nexthop NewNexthop(uint id, IPAddress gateway, VxlanDeviceState device) =>
        new() { Id = id, Gateway = gateway, LinkIndex = device.Index, Flags = RouteFlags.OnLink };

    /// <summary>Gateways that miss something they need: a route to them would make the kernel ask for them on the wire.</summary>
    private static HashSet<IPAddress> FindUnreachable(
        List<ReconcileChange<VxlanEntryKey, VxlanEntry>> changes, IDictionary<VxlanEntryKey, Exception> failures)
    {
        var gateways = new HashSet<IPAddress>();
        if (failures.Count == 0) return gateways;
        foreach ((VxlanEntryKey key, _, VxlanEntry entry) in changes)
        {
            bool isHostUnknown = key.Kind == VxlanEntryKind.Neighbour && failures.ContainsKey(VxlanEntryKey.Forwarding(entry.Mac!));
            if (key.Address is { } gateway && (isHostUnknown || failures.ContainsKey(key))) gateways.Add(gateway);
        }

        return gateways;
    }

    private void WriteRoutes(
        List<ReconcileChange<VxlanEntryKey, VxlanEntry>> changes,
        HashSet<IPAddress> unreachable,
        VxlanDeviceState device,
        IDictionary<VxlanEntryKey, Exception> failures)
    {
        if (changes.Count == 0) return;
        var batch = new RouteBatch();
        var queued = new List<(VxlanEntryKey Key, RouteEntry Route)>(changes.Count);
        foreach ((VxlanEntryKey key, _, VxlanEntry entry) in changes)
        {
            if (unreachable.Contains(entry.Address!) || !TryMakeRoute(key, entry, device, out RouteEntry? route))
            {
                failures[key] = new InvalidOperationException($"The route waits until {entry.Address} has its neighbour, FDB entry and nexthop.");
                continue;
            }

            batch.AddRoute(route);
            queued.Add((key, route));
        }

        IReadOnlyDictionary<int, NetlinkException> refused = _netlink.Execute(batch);
        if (refused.Count == 0) return;
        ReplaceRoutes([.. refused.Select(pair => (queued[pair.Key].Key, queued[pair.Key].Route, pair.Value))], device, failures);
    }

    /// <summary>
    /// Routes are added, not replaced, so that a foreign route to the same place is never overwritten. What is refused is looked at: a route of
    /// ours is replaced, a foreign one is reported.
    /// </summary>
    private void ReplaceRoutes(
        List<(VxlanEntryKey Key, RouteEntry Route, NetlinkException Error)> refused,
        VxlanDeviceState device,
        IDictionary<VxlanEntryKey, Exception> failures)
    {
        ILookup<IPNetwork, RouteEntry> present = _netlink.GetRoutes(_spec.Family, new RouteFilter { Table = RouteEntry.MainTable })
            .Where(_ownership.IsOnOurPlace)
            .ToLookup(static route => route.Destination);
        var batch = new RouteBatch();
        var queued = new List<VxlanEntryKey>();
        foreach ((VxlanEntryKey key, RouteEntry route, NetlinkException error) in refused)
        {
            RouteEntry? own = present[route.Destination].FirstOrDefault(candidate => _ownership.TryRead(candidate, device, out _, out _));
            if (own is not null)
            {
                // IPv6 refuses a gateway that is reached through another device, and the direct route that is to go does just that.
                bool isInTheWay = _spec.Family == AddressFamily.InterNetworkV6 && own.LinkIndex != device.Index;
                if (isInTheWay)
                {
                    batch.DeleteRoute(Exactly(own));
                    queued.Add(key);
                }

                batch.ReplaceRoute(route);
                queued.Add(key);
            }
            else if (present[route.Destination].FirstOrDefault() is { } foreign) failures[key] = PeerRoutes.NewConflict(_netlink, foreign);
            else failures[key] = error;
        }

        foreach ((int index, NetlinkException error) in _netlink.Execute(batch)) failures[queued[index]] = error;
    }

    private bool TryMakeRoute(VxlanEntryKey key, VxlanEntry entry, VxlanDeviceState device, [NotNullWhen(true)] out RouteEntry? route)
    {
        IPNetwork destination = key.ToNetwork();
        route = entry.Form switch
        {
            VxlanEntryForm.Plain =>
                new RouteEntry { Destination = destination, Gateway = entry.Address, LinkIndex = device.Index, Flags = RouteFlags.OnLink },
            VxlanEntryForm.Direct =>
                PeerRoutes.Make(destination, entry.Address!, device.UplinkIndex),
            _ => _nexthops.TryGetId(entry.Address!, out uint id) ? new RouteEntry { Destination = destination, NexthopId = id } : null,
        };
        return route is not null;
    }

    private void Remove(
        List<ReconcileChange<VxlanEntryKey, VxlanEntry>> changes, VxlanDeviceState device, IDictionary<VxlanEntryKey, Exception> failures)
    {
        if (changes.Count == 0) return;
        var batch = new RouteBatch();
        var queued = new List<VxlanEntryKey>();
        foreach ((VxlanEntryKey key, _, VxlanEntry entry) in changes)
        {
            int before = batch.Count;
            QueueRemoval(batch, key, entry, device);
            for (int i = before; i < batch.Count; i++) queued.Add(key);
        }

        foreach ((int index, NetlinkException error) in _netlink.Execute(batch)) failures[queued[index]] = error;
    }

    private void QueueRemoval(RouteBatch batch, VxlanEntryKey key, VxlanEntry entry, VxlanDeviceState device)
    {
        switch (key.Kind)
        {
            case VxlanEntryKind.Route when entry.Form == VxlanEntryForm.Distorted:
                IPNetwork destination = key.ToNetwork();
                foreach (RouteEntry route in GetRoutes(device.Index))
                {
                    if (route.Destination == destination && _ownership.IsOnOurPlace(route)) batch.DeleteRoute(Exactly(route));
                }

                break;
            case VxlanEntryKind.Route when TryMakeRoute(key, entry, device, out RouteEntry? route):
                batch.DeleteRoute(route);
                break;
            case VxlanEntryKind.Route:
                break; // its nexthop object is gone, and with it the route
            case VxlanEntryKind.Nexthop when _nexthops.TryGetId(key.Address!, out uint id):
                _nexthops.Remove(key.Address!); // before the kernel tells of the removal, which then is no news
                batch.DeleteNexthop(id);
                break;
            case VxlanEntryKind.Nexthop:
                break;
            case VxlanEntryKind.Neighbour:
                batch.DeleteNeighbour(new Neighbour { LinkIndex = device.Index, Destination = key.Address! });
                break;
            default:
                batch.DeleteFdb(new FdbEntry { LinkIndex = device.Index, Address = key.Mac! });
                break;
        }
    }
}
