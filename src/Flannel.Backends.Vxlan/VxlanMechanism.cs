using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.Versioning;
using Flannel.Backends.Vxlan.Devices;
using Flannel.Backends.Vxlan.Entries;
using Flannel.Extensibility;
using Flannel.Netlink;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Backends.Vxlan;

/// <summary>
/// VXLAN in one address family. A peer is an FDB entry, a neighbour and a route over the tunnel device, exactly as flannel makes them; above a
/// threshold the routes go through nexthop objects, because the kernel searches all plain routes of a device for each one that is added. With direct
/// routing, a peer that is reached without a gateway is one plain route.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class VxlanMechanism : KernelMechanism<VxlanEntryKey, VxlanEntry>
{
    /// <summary>Apart from the small numbers that routing daemons count their nexthop objects from, with one range per network.</summary>
    private const uint FirstNexthopId = 0x2000_0000;
    private const int NexthopIdRange = 16;

    private readonly VxlanDeviceSpec _spec;
    private readonly VxlanDevice _device;
    private readonly NexthopIds _nexthops;
    private readonly VxlanEntryReader _reader;
    private readonly VxlanEntryWriter _writer;
    private readonly int _nexthopThreshold;
    private bool _hasNexthops;
    private IPAddress? _subnetBase;
    private volatile bool _usesNexthops;
    private volatile ReadPeer? _lastRead;
    private volatile Published? _published;

    /// <summary>Starts with a wish; the kernel is not asked before <see cref="Prepare"/>.</summary>
    /// <param name="context">The family on its host.</param>
    /// <param name="config">The backend block of the network configuration.</param>
    /// <param name="mac">The MAC that the device should have, or <see langword="null"/> to keep or make one.</param>
    /// <param name="random">Makes a MAC; used by this family only.</param>
    /// <param name="nexthopThreshold">Above how many peers nexthop objects are used.</param>
    /// <exception cref="VxlanDeviceException">The VNI makes too long a name.</exception>
    public VxlanMechanism(KernelContext context, VxlanBackendConfig config, PhysicalAddress? mac, Random random, int nexthopThreshold)
        : base(context)
    {
        _spec = new VxlanDeviceSpec(VxlanDeviceName.For(config.Vni, Family.Family), config, Family);
        _device = new VxlanDevice(_spec, mac, context, random);
        _nexthops = new NexthopIds(FirstNexthopId + ((uint)config.Vni * NexthopIdRange));
        _reader = new VxlanEntryReader(context, _device, _nexthops, config.Learning);
        _writer = new VxlanEntryWriter(context, _device, _nexthops);
        _nexthopThreshold = nexthopThreshold;
    }

    public override string Name => _spec.Name;

    public override string Device => _spec.Name;

    public override GuardedTunnel Tunnel => new()
    {
        Port = _spec.Config.Port,
        Vni = _spec.Config.Vni,
        Device = _spec.Name,
        ExternalInterface = _spec.Config.DirectRouting ? Family.ExternalName : null,
    };

    public override int Mtu => _device.State!.Mtu;

    /// <summary>Every status says it, so it is put together when the MAC changes only.</summary>
    public override string LeaseData
    {
        get
        {
            PhysicalAddress mac = _device.State!.Mac;
            if (_published is not { } published || !published.Mac.Equals(mac))
                _published = published = new Published(mac, new VxlanLeaseData(_spec.Config.Vni, mac).ToJson());
            return published.LeaseData;
        }
    }

    public override RouteMonitorGroups Groups =>
        RouteMonitorGroups.Neighbours | (_hasNexthops ? RouteMonitorGroups.Nexthops : RouteMonitorGroups.None);

    public override bool DependsOnRoutes => _spec.Config.DirectRouting;

    public override IComparer<VxlanEntryKey> Order => VxlanEntryKey.Order;

    public override void Prepare()
    {
        _hasNexthops = HasNexthops();
        Context.Routes.TunnelIndex = _device.Prepare().Index;
    }

    public override void Activate(IPAddress subnetBase)
    {
        _subnetBase = subnetBase;
        Context.Routes.TunnelIndex = _device.Repair(subnetBase).Index;
    }

    public override string? CheckPeer(FamilyPeer peer)
    {
        PhysicalAddress? mac = ReadMac(peer, out string? reason);
        return mac?.Equals(_device.State!.Mac) == true ? $"it publishes the MAC {MacAddress.Format(mac)}, which is our own" : reason;
    }

    public override PhysicalAddress? FindMac(FamilyPeer peer) => ReadMac(peer, out _);

    /// <summary>
    /// Leaves a margin between coming and going, so that a peer count around the threshold does not rewrite all routes again and again.
    /// </summary>
    public override bool Adapt(int peers)
    {
        bool uses = _hasNexthops && peers > (_usesNexthops ? _nexthopThreshold - (_nexthopThreshold / 5) : _nexthopThreshold);
        if (uses == _usesNexthops) return false;
        _usesNexthops = uses;
        if (uses) VxlanBackend.Log.NexthopsOn(Context.Logger, Name, peers);
        else VxlanBackend.Log.NexthopsOff(Context.Logger, Name, peers);
        return true;
    }

    public override string? AddEntries(FamilyPeer peer, ICollection<KeyValuePair<VxlanEntryKey, VxlanEntry>> entries)
    {
        if (ReadMac(peer, out string? reason) is not { } mac) return reason;
        IPAddress gateway = peer.Subnet.BaseAddress;
        if (_spec.Config.DirectRouting && PeerRoutes.IsOnLink(PeerRoutes.Resolve(Netlink, peer.Host), Context.External.State.Index))
        {
            entries.Add(new(VxlanEntryKey.Route(peer.Subnet), VxlanEntry.Route(peer.Host, VxlanEntryForm.Direct)));
            return null;
        }

        bool usesNexthops = _usesNexthops;
        entries.Add(new(VxlanEntryKey.Forwarding(mac), VxlanEntry.Forwarding(peer.Host)));
        entries.Add(new(VxlanEntryKey.Neighbour(gateway), VxlanEntry.Neighbour(mac)));
        if (usesNexthops) entries.Add(new(VxlanEntryKey.Nexthop(gateway), VxlanEntry.Nexthop));
        VxlanEntryForm form = usesNexthops ? VxlanEntryForm.ThroughNexthop : VxlanEntryForm.Plain;
        entries.Add(new(VxlanEntryKey.Route(peer.Subnet), VxlanEntry.Route(gateway, form)));
        return null;
    }

    public override void Apply(
        IReadOnlyList<ReconcileChange<VxlanEntryKey, VxlanEntry>> changes,
        IDictionary<VxlanEntryKey, Exception> failures,
        CancellationToken cancellationToken) => _writer.Apply(changes, failures, cancellationToken);

    public override void Remove()
    {
        Context.Routes.DeleteAll(); // those past the tunnel do not vanish with it
        _device.Delete(); // takes its addresses, neighbours, FDB entries, nexthop objects and routes along
    }

    public override FlannelException NewRefusal(string message, NetlinkException refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        return new VxlanDeviceException(Name, message, refusal, refusal.IsTransient);
    }

    /// <summary>Reads what a peer publishes. The guard and the entries ask for one after the other, so the last answer is kept.</summary>
    private PhysicalAddress? ReadMac(FamilyPeer peer, out string? reason)
    {
        if (_lastRead is not { } last || !ReferenceEquals(last.Peer, peer))
            _lastRead = last = new ReadPeer(peer, ReadMacOnce(peer, out reason), reason);
        reason = last.Reason;
        return last.Mac;
    }

    private PhysicalAddress? ReadMacOnce(FamilyPeer peer, out string? reason)
    {
        string member = Family.IsIPv6 ? "BackendV6Data" : "BackendData";
        reason = null;
        if (!VxlanLeaseData.TryParse(peer.Data, out VxlanLeaseData? data, out string? problem)) reason = $"{member} {problem}";
        else if (data.Vni is { } other && other != _spec.Config.Vni) reason = $"{member} has the VNI {other}; ours is {_spec.Config.Vni}";
        else return data.VtepMac;
        return null;
    }

    private bool HasNexthops()
    {
        try
        {
            Netlink.GetNexthops(linkIndex: 1);
            return true;
        }
        catch (NetlinkException exception) when (exception.IsNotSupported)
        {
            return false;
        }
    }

    private sealed record Published(PhysicalAddress Mac, string LeaseData);

    private sealed record ReadPeer(FamilyPeer Peer, PhysicalAddress? Mac, string? Reason);
}
