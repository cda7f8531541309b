using System.Net;
using System.Runtime.Versioning;
using Flannel.Backends.Vxlan.Devices;
using Flannel.Core.Reconciliation;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Backends.Vxlan.Entries;

/// <summary>
/// The kernel as the reconciler sees it: one tunnel device with its FDB, neighbours, nexthop objects and routes.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class VxlanReconcileTarget : IReconcileTarget<VxlanEntryKey, VxlanEntry>
{
    private readonly VxlanDeviceSpec _spec;
    private readonly VxlanDevice _device;
    private readonly VxlanOwnership _ownership;
    private readonly NexthopIds _nexthops;
    private readonly bool _hasNexthops;
    private readonly RouteNetlink _netlink;
    private readonly IPAddress _subnetBase;

    /// <summary>Creates the target.</summary>
    /// <param name="spec">What the device shall be.</param>
    /// <param name="device">Keeps the device.</param>
    /// <param name="ownership">Tells what is ours.</param>
    /// <param name="nexthops">The numbers of nexthop objects.</param>
    /// <param name="hasNexthops">Whether the kernel knows nexthop objects (5.3).</param>
    /// <param name="netlink">The kernel.</param>
    /// <param name="subnetBase">The first address of the node's own subnet.</param>
    public VxlanReconcileTarget(
        VxlanDeviceSpec spec,
        VxlanDevice device,
        VxlanOwnership ownership,
        NexthopIds nexthops,
        bool hasNexthops,
        RouteNetlink netlink,
        IPAddress subnetBase)
    {
        _spec = spec;
        _device = device;
        _ownership = ownership;
        _nexthops = nexthops;
        _hasNexthops = hasNexthops;
        _netlink = netlink;
        _subnetBase = subnetBase;
    }

    public IComparer<VxlanEntryKey> Order => VxlanEntryOrder.Instance;

    private VxlanDeviceState Device => _device.State!;

    public IReadOnlyDictionary<VxlanEntryKey, VxlanEntry> Read(CancellationToken cancellationToken)
    {
        VxlanDeviceState device = _device.Repair(_subnetBase);
        var entries = new Dictionary<VxlanEntryKey, VxlanEntry>();
        ReadNexthops(device, entries);
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var forwarding in _netlink.GetFdb(device.Index))
        {
            if (_ownership.TryRead(forwarding, device, out VxlanEntryKey key, out VxlanEntry entry)) entries[key] = entry;
        }

        foreach (var neighbour in _netlink.GetNeighbours(_spec.Family, device.Index))
        {
            if (_ownership.TryRead(neighbour, device, out VxlanEntryKey key, out VxlanEntry entry)) entries[key] = entry;
        }

        cancellationToken.ThrowIfCancellationRequested();
        foreach (RouteEntry route in GetRoutes(device.Index).Concat(GetRoutes(device.UplinkIndex)))
        {
            if (_ownership.IsStray(route, device)) _netlink.DeleteRoute(Exactly(route));
            else if (_ownership.TryRead(route, device, out VxlanEntryKey key, out VxlanEntry entry)) entries[key] = entry;
        }

        return entries;
    }

    /// <summary>Removes the routes that are not on the tunnel device and so do not vanish with it.</summary>
    public void RemoveDirectRoutes()
    {
        VxlanDeviceState device = Device;
        var batch = new RouteBatch();
        foreach (RouteEntry route in GetRoutes(device.UplinkIndex))
        {
            if (_ownership.TryRead(route, device, out _, out VxlanEntry entry) && entry.Form == VxlanEntryForm.Direct)
                batch.DeleteRoute(Exactly(route));
        }

        _netlink.Execute(batch);
    }

    private void ReadNexthops(VxlanDeviceState device, Dictionary<VxlanEntryKey, VxlanEntry> entries)
    {
        if (!_hasNexthops) return;
        var own = new List<Nexthop>();
        var foreign = new List<uint>();
        foreach (Nexthop nexthop in _netlink.GetNexthops())
        {
            if (!_ownership.TryRead(nexthop, device, out VxlanEntryKey key, out VxlanEntry entry)) foreign.Add(nexthop.Id);
            else if (entries.TryAdd(key, entry)) own.Add(nexthop);
            else _netlink.DeleteNexthop(nexthop.Id); // a second one for the same gateway, of which only one can be known
        }

        _nexthops.Reset(own, foreign);
    }

    private IReadOnlyList<RouteEntry> GetRoutes(int linkIndex) =>
        _netlink.GetRoutes(_spec.Family, new RouteFilter { Table = RouteEntry.MainTable, LinkIndex = linkIndex });

    /// <summary>A request that deletes this route and no other.</summary>
    private static RouteEntry Exactly(RouteEntry route) => route.NexthopId != 0
        ? new RouteEntry
        {
            Destination = route.Destination,
            NexthopId = route.NexthopId,
            Protocol = route.Protocol,
            Type = route.Type,
            Metric = route.Metric,
        }
        : new RouteEntry
        {
            Destination = route.Destination,
            Gateway = route.Gateway,
            LinkIndex = route.LinkIndex,
            Protocol = route.Protocol,
            Type = route.Type,
            Metric = route.Metric,
        };
}
