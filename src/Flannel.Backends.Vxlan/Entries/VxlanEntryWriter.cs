using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.Versioning;
using Flannel.Backends.Vxlan.Devices;
using Flannel.Extensibility;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Backends.Vxlan.Entries;

/// <summary>
/// Writes entries in four batches: what routes point at, routes, then removals of routes and of what they pointed at. Functions appear in that order.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class VxlanEntryWriter(KernelContext context, VxlanDevice device, NexthopIds nexthops)
{
    /// <summary>How many numbers are tried for one nexthop object before its failure is reported.</summary>
    private const int MaximumIdAttempts = 16;

    private readonly RouteNetlink _netlink = context.Netlink;

    private int Index => device.State!.Index;

    public void Apply(
        IReadOnlyList<ReconcileChange<VxlanEntryKey, VxlanEntry>> changes,
        IDictionary<VxlanEntryKey, Exception> failures,
        CancellationToken cancellationToken)
    {
        // They come in this order. There may be very many, so they are not copied.
        int targets = changes.TakeWhile(static change => !change.IsRemoval && change.Key.Kind != VxlanEntryKind.Route).Count();
        int upserts = changes.Skip(targets).TakeWhile(static change => !change.IsRemoval).Count() + targets;
        WriteTargets(changes, targets, failures);
        cancellationToken.ThrowIfCancellationRequested();
        WriteRoutes(changes.Take(targets..upserts), upserts - targets, FindUnreachable(changes.Take(targets), failures), failures);
        cancellationToken.ThrowIfCancellationRequested();
        Remove(changes, upserts, failures);
    }

    private void WriteTargets(
        IReadOnlyList<ReconcileChange<VxlanEntryKey, VxlanEntry>> changes, int count, IDictionary<VxlanEntryKey, Exception> failures)
    {
        if (count == 0) return;
        var batch = new RouteBatch(count);
        foreach ((VxlanEntryKey key, _, VxlanEntry entry) in changes.Take(count))
        {
            switch (key.Kind)
            {
                case VxlanEntryKind.Forwarding:
                    batch.ReplaceFdb(new FdbEntry { LinkIndex = Index, Address = key.Mac!, Destination = entry.Address });
                    break;
                case VxlanEntryKind.Neighbour:
                    batch.ReplaceNeighbour(new Neighbour { LinkIndex = Index, Destination = key.Address!, Address = entry.Mac });
                    break;
                default:
                    bool isKnown = nexthops.TryGetId(key.Address!, out uint id);
                    Nexthop nexthop = NewNexthop(isKnown ? id : nexthops.Allocate(key.Address!), key.Address!);
                    if (isKnown) batch.ReplaceNexthop(nexthop);
                    else batch.AddNexthop(nexthop);
                    break;
            }
        }

        foreach ((int index, NetlinkException error) in _netlink.Execute(batch))
        {
            VxlanEntryKey key = changes[index].Key;
            NetlinkException? final = key.Kind == VxlanEntryKind.Nexthop ? RetryNexthop(key.Address!, error) : error;
            if (final is not null) failures[key] = final;
        }
    }

    /// <summary>Takes another number if somebody else took it first.</summary>
    private NetlinkException? RetryNexthop(IPAddress gateway, NetlinkException error)
    {
        for (int attempt = 0; attempt < MaximumIdAttempts && error.IsAlreadyExists && nexthops.TryGetId(gateway, out uint taken); attempt++)
        {
            nexthops.Cede(gateway, taken);
            try
            {
                _netlink.AddNexthop(NewNexthop(nexthops.Allocate(gateway), gateway));
                return null;
            }
            catch (NetlinkException exception)
            {
                error = exception;
            }
        }

        nexthops.Remove(gateway);
        return error;
    }

    private Nexthop NewNexthop(uint id, IPAddress gateway) => new() { Id = id, Gateway = gateway, LinkIndex = Index, Flags = RouteFlags.OnLink };

    /// <summary>Gateways that miss something they need: a route to them would make the kernel ask for them on the wire.</summary>
    private static HashSet<IPAddress> FindUnreachable(
        IEnumerable<ReconcileChange<VxlanEntryKey, VxlanEntry>> changes, IDictionary<VxlanEntryKey, Exception> failures)
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
        IEnumerable<ReconcileChange<VxlanEntryKey, VxlanEntry>> changes,
        int count,
        HashSet<IPAddress> unreachable,
        IDictionary<VxlanEntryKey, Exception> failures)
    {
        var routes = new List<KeyValuePair<VxlanEntryKey, RouteEntry>>(count);
        foreach ((VxlanEntryKey key, _, VxlanEntry entry) in changes)
        {
            if (!unreachable.Contains(entry.Address!) && TryMakeRoute(key, entry, out RouteEntry? route)) routes.Add(new(key, route));
            else failures[key] = new InvalidOperationException($"The route waits until {entry.Address} has its neighbour, FDB entry and nexthop.");
        }

        context.Routes.Write(routes, failures);
    }

    private bool TryMakeRoute(VxlanEntryKey key, VxlanEntry entry, [NotNullWhen(true)] out RouteEntry? route)
    {
        IPNetwork destination = key.ToNetwork();
        route = entry.Form switch
        {
            VxlanEntryForm.Plain =>
                new RouteEntry { Destination = destination, Gateway = entry.Address, LinkIndex = Index, Flags = RouteFlags.OnLink },
            VxlanEntryForm.Direct => PeerRoutes.Make(destination, entry.Address!, context.External.State.Index),
            VxlanEntryForm.ThroughNexthop when nexthops.TryGetId(entry.Address!, out uint id) =>
                new RouteEntry { Destination = destination, NexthopId = id },
            _ => null,
        };
        return route is not null;
    }

    private void Remove(IReadOnlyList<ReconcileChange<VxlanEntryKey, VxlanEntry>> changes, int start, IDictionary<VxlanEntryKey, Exception> failures)
    {
        if (start == changes.Count) return;
        var routes = new List<KeyValuePair<VxlanEntryKey, RouteEntry?>>();
        var targets = new RouteBatch();
        var queued = new List<VxlanEntryKey>();
        foreach ((VxlanEntryKey key, _, VxlanEntry entry) in changes.Skip(start))
        {
            if (key.Kind != VxlanEntryKind.Route) QueueRemoval(targets, key, queued);
            else if (entry.Form == VxlanEntryForm.Distorted) routes.Add(new(key, null));
            else if (TryMakeRoute(key, entry, out RouteEntry? route)) routes.Add(new(key, route)); // else it went with its nexthop object
        }

        context.Routes.Delete(routes, static key => key.ToNetwork(), failures);
        foreach ((int index, NetlinkException error) in _netlink.Execute(targets)) failures[queued[index]] = error;
    }

    private void QueueRemoval(RouteBatch batch, VxlanEntryKey key, List<VxlanEntryKey> queued)
    {
        if (key.Kind == VxlanEntryKind.Nexthop)
        {
            if (!nexthops.TryGetId(key.Address!, out uint id)) return;
            nexthops.Remove(key.Address!); // before the kernel reports the removal, which then is no news
            batch.DeleteNexthop(id);
        }
        else if (key.Kind == VxlanEntryKind.Neighbour)
        {
            batch.DeleteNeighbour(new Neighbour { LinkIndex = Index, Destination = key.Address! });
        }
        else
        {
            batch.DeleteFdb(new FdbEntry { LinkIndex = Index, Address = key.Mac! });
        }

        queued.Add(key);
    }
}
