using System.Net;
using Flannel.Backends.Vxlan.Entries;
using Flannel.Extensibility;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;
using Sighting = Flannel.Extensibility.Sighting<Flannel.Backends.Vxlan.Entries.VxlanEntryKey, Flannel.Backends.Vxlan.Entries.VxlanEntry>;

namespace Flannel.Backends.Vxlan;

// Reading everything, and reading what the kernel reports. An entry that changed is reported as it is now; whatever takes entries along in silence (a
// device that went down, a nexthop object that went away) is damage. Of our own writes only FDB entries come back, because the kernel does not say
// whose they are; they agree with what is desired and cost nothing.
internal sealed partial class VxlanMechanism
{
    public override IReadOnlyDictionary<VxlanEntryKey, VxlanEntry> Read(CancellationToken cancellationToken)
    {
        int index = Context.Routes.TunnelIndex = _device.Repair(_subnetBase!).Index;
        IReadOnlyList<FdbEntry> table = Netlink.GetFdb(index);
        var entries = new Dictionary<VxlanEntryKey, VxlanEntry>((_hasNexthops ? 4 : 3) * table.Count); // a peer has one of each kind
        ReadNexthops(entries);
        cancellationToken.ThrowIfCancellationRequested();
        foreach (FdbEntry forwarding in table)
        {
            if (_reader.TryRead(forwarding, out VxlanEntryKey key, out VxlanEntry entry)) entries[key] = entry;
        }

        foreach (Neighbour neighbour in Netlink.GetNeighbours(Family.Family, index))
        {
            if (_reader.TryRead(neighbour, out VxlanEntryKey key, out VxlanEntry entry)) entries[key] = entry;
        }

        cancellationToken.ThrowIfCancellationRequested();
        foreach (RouteEntry route in Context.Routes.ReadOwn())
        {
            if (_reader.TryRead(route, out VxlanEntryKey key, out VxlanEntry entry)) entries[key] = entry;
        }

        return entries;
    }

    public override Sighting Recognize(RouteNotification notification) => notification switch
    {
        LinkChanged { Link: var link } => IsDevice(link) && !_device.IsInOrder() ? new Sighting(SightingKind.Damage) : default,
        LinkRemoved { Link: var link } => IsDevice(link) ? new Sighting(SightingKind.Damage) : default,
        AddressChanged { Address: var address } => RecognizeAddress(address, isRemoval: false),
        AddressRemoved { Address: var address } => RecognizeAddress(address, isRemoval: true),
        RouteChanged { Route: var route } => RecognizeRoute(route),
        RouteRemoved { Route: var route } when Context.Routes.IsOnPlace(route) =>
            new Sighting(SightingKind.Removal, VxlanEntryKey.Route(route.Destination)),
        RouteRemoved => new Sighting(SightingKind.OtherRoute),
        NeighbourChanged { Neighbour: var neighbour } => RecognizeNeighbour(neighbour, isRemoval: false),
        NeighbourRemoved { Neighbour: var neighbour } => RecognizeNeighbour(neighbour, isRemoval: true),
        FdbChanged { Entry: var entry } => RecognizeForwarding(entry, isRemoval: false),
        FdbRemoved { Entry: var entry } => RecognizeForwarding(entry, isRemoval: true),
        NexthopChanged { Nexthop: var nexthop } => RecognizeNexthop(nexthop),
        NexthopRemoved { Nexthop: var nexthop } => RecognizeNexthopRemoval(nexthop),
        _ => default,
    };

    private bool IsDevice(Link link) => link.Index == _device.State!.Index || link.Name == _spec.Name;

    private Sighting RecognizeAddress(InterfaceAddress address, bool isRemoval)
    {
        bool isOnDevice = address.LinkIndex == _device.State!.Index;
        bool isDamage = isOnDevice
            && (isRemoval ? address.Address.Equals(_subnetBase) : Family.Contains(address.Address) && !address.Address.Equals(_subnetBase));
        if (isDamage || address.Address.Equals(Family.PublicAddress)) return new Sighting(SightingKind.Damage);
        return isOnDevice ? default : new Sighting(SightingKind.OtherRoute);
    }

    private Sighting RecognizeRoute(RouteEntry route)
    {
        if (_reader.TryRead(route, out VxlanEntryKey key, out VxlanEntry entry)) return new Sighting(SightingKind.Entry, key, entry);

        // A foreign one took the place.
        if (Context.Routes.IsOnPlace(route)) return new Sighting(SightingKind.Removal, VxlanEntryKey.Route(route.Destination));
        return Context.Routes.IsStray(route) ? new Sighting(SightingKind.Damage) : new Sighting(SightingKind.OtherRoute);
    }

    private Sighting RecognizeNeighbour(in Neighbour neighbour, bool isRemoval)
    {
        if (!_reader.IsOnPlace(neighbour)) return default;
        bool isOwn = _reader.TryRead(neighbour, out VxlanEntryKey key, out VxlanEntry entry);
        return isOwn && !isRemoval ? new Sighting(SightingKind.Entry, key, entry) : new Sighting(SightingKind.Removal, key);
    }

    private Sighting RecognizeForwarding(in FdbEntry forwarding, bool isRemoval)
    {
        if (!_reader.IsOnPlace(forwarding)) return default;
        bool isOwn = _reader.TryRead(forwarding, out VxlanEntryKey key, out VxlanEntry entry);
        return isOwn && !isRemoval ? new Sighting(SightingKind.Entry, key, entry) : new Sighting(SightingKind.Removal, key);
    }

    private Sighting RecognizeNexthop(in Nexthop nexthop)
    {
        bool isOwn = _reader.TryRead(nexthop, out VxlanEntryKey key, out VxlanEntry entry);
        bool isKnown = _nexthops.TryGetGateway(nexthop.Id, out IPAddress? gateway);
        bool isAsKnown = isOwn && (isKnown ? gateway!.Equals(nexthop.Gateway) : _nexthops.TryAdopt(nexthop.Gateway!, nexthop.Id));
        if (isAsKnown) return new Sighting(SightingKind.Entry, key, entry);
        return isOwn || isKnown ? new Sighting(SightingKind.Damage) : default;
    }

    private Sighting RecognizeNexthopRemoval(in Nexthop nexthop)
    {
        if (!_nexthops.TryGetGateway(nexthop.Id, out IPAddress? gateway)) return default;
        _nexthops.Remove(gateway); // its routes went with it, and IPv4 does not report them
        return new Sighting(SightingKind.Damage);
    }

    private void ReadNexthops(Dictionary<VxlanEntryKey, VxlanEntry> entries)
    {
        if (!_hasNexthops) return;
        var own = new List<Nexthop>();
        var foreign = new List<uint>();
        foreach (Nexthop nexthop in Netlink.GetNexthops())
        {
            if (!_reader.TryRead(nexthop, out VxlanEntryKey key, out VxlanEntry entry)) foreign.Add(nexthop.Id);
            else if (entries.TryAdd(key, entry)) own.Add(nexthop);
            else Netlink.DeleteNexthop(nexthop.Id); // a second one for the same gateway, of which only one can be known
        }

        _nexthops.Reset(own, foreign);
    }
}
