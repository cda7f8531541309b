using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.Versioning;
using Flannel.Backends.Vxlan.Devices;
using Flannel.Backends.Vxlan.Entries;
using Flannel.Backends.Vxlan.Peers;
using Flannel.Core.Addressing;
using Flannel.Core.Leases;
using Flannel.Core.Reconciliation;
using Flannel.Linux.DataPaths;
using Flannel.Linux.Hosts;
using Flannel.Linux.Routes;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Route.Routes;
using Microsoft.Extensions.Logging;

namespace Flannel.Backends.Vxlan.DataPath;

/// <summary>
/// One address family of the network: its device and the entries that lead to the peers. Three loops: the reconciler writes, the monitor reports
/// what others changed, the review looks which peers need no tunnel.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class VxlanDataPath : IAsyncDisposable
{
    /// <summary>Apart from the small numbers that routing daemons count their nexthop objects from, and a range of its own per network.</summary>
    private const uint FirstNexthopId = 0x2000_0000;
    private const int NexthopIdRange = 16;

    /// <summary>The uplink may come back any moment, and looking costs next to nothing.</summary>
    private static readonly TimeSpan MaximumBackOff = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ReviewDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AddressPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AddressPoll = TimeSpan.FromMilliseconds(2);

    private readonly VxlanDeviceSpec _spec;
    private readonly HostKernel _host;
    private readonly TimeSpan _resyncInterval;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly RouteNetlink _netlink;
    private readonly VxlanDevice _device;
    private readonly NexthopIds _nexthops;
    private readonly VxlanOwnership _ownership;
    private readonly bool _hasNexthops;
    private readonly SupervisedLoops _loops;
    private readonly ReviewSignal _review;
    private readonly Lock _gate = new();
    private readonly VxlanPeerTable _peers; // guarded by _gate

    private VxlanReconcileTarget? _target;
    private Reconciler<VxlanEntryKey, VxlanEntry>? _reconciler;
    private IPAddress? _subnetBase;
    private RouteMonitor? _monitor;

    /// <summary>Opens the kernel; nothing is changed before <see cref="Prepare"/>.</summary>
    /// <param name="spec">What the device shall be.</param>
    /// <param name="mac">The MAC it shall have, or <see langword="null"/> to keep or make one.</param>
    /// <param name="nexthopThreshold">Above how many peers nexthop objects are used.</param>
    /// <param name="resyncInterval">How often the kernel is compared in full.</param>
    /// <param name="host">The host's network; not disposed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Makes a MAC and spreads back-offs; used by this data path only.</param>
    /// <param name="logger">Where to say what happens.</param>
    public VxlanDataPath(
        VxlanDeviceSpec spec,
        PhysicalAddress? mac,
        int nexthopThreshold,
        TimeSpan resyncInterval,
        HostKernel host,
        TimeProvider time,
        Random random,
        ILogger logger)
    {
        (_spec, _host, _resyncInterval, _time, _random, _logger) = (spec, host, resyncInterval, time, random, logger);
        _netlink = host.OpenNetlink();
        _loops = new SupervisedLoops(time, (exception, loop) => VxlanBackend.Log.LoopFailed(logger, exception, spec.Name, loop));
        _review = new ReviewSignal(ReviewDelay, time);
        _device = new VxlanDevice(spec, mac, _netlink, IgnoreRouterAdvertisements, time, logger);
        _nexthops = new NexthopIds(FirstNexthopId + ((uint)spec.Config.Vni * NexthopIdRange));
        _ownership = new VxlanOwnership(spec, _nexthops);
        _hasNexthops = HasNexthops();
        _peers = new VxlanPeerTable(
            spec.Family,
            spec.Config.Vni,
            _hasNexthops ? nexthopThreshold : int.MaxValue,
            spec.Config.DirectRouting ? IsReachableDirectly : null);
    }

    /// <summary>What the device shall be.</summary>
    public VxlanDeviceSpec Spec => _spec;

    /// <summary>The MAC of the device.</summary>
    public PhysicalAddress Mac => _device.State!.Mac;

    /// <summary>How far the kernel is from the desired state.</summary>
    public ReconcilerStatus<VxlanEntryKey> Reconciliation => _reconciler?.Status ?? new ReconcilerStatus<VxlanEntryKey>();

    /// <summary>The condition of the data path now.</summary>
    public DataPathStatus Status
    {
        get
        {
            ReconcilerStatus<VxlanEntryKey> status = Reconciliation;
            ImmutableDictionary<SubnetKey, string> peerProblems;
            lock (_gate) peerProblems = _peers.DescribeProblems(status.Failures);
            return new DataPathStatus(_device.State!.Mtu, status.IsConverged, status.ReadError?.Message, peerProblems);
        }
    }

    /// <summary>Creates or adopts the device, without disturbing what it carries.</summary>
    public void Prepare() => _device.Prepare(_random);

    /// <summary>Puts the node's address into effect and starts the loops.</summary>
    /// <param name="subnetBase">The first address of the node's own subnet.</param>
    /// <param name="onStatusChanged">Called when <see cref="Status"/> may have changed.</param>
    public void Start(IPAddress subnetBase, Action onStatusChanged)
    {
        _subnetBase = subnetBase;

        // The monitor listens before anything is read, so that no change falls between the two.
        _monitor = OpenMonitor();
        _device.Repair(subnetBase);
        _target = new VxlanReconcileTarget(_spec, _device, _ownership, _nexthops, _hasNexthops, _netlink, subnetBase);
        var options = new ReconcilerOptions { ResyncInterval = _resyncInterval, MaximumBackOff = MaximumBackOff };
        _reconciler = new Reconciler<VxlanEntryKey, VxlanEntry>(_target, options, _time, _random);
        _loops.Start("reconcile", _reconciler.RunAsync);
        _loops.Start("monitor", token => MonitorAsync(subnetBase, token));
        _loops.Start("report", token => ReportAsync(onStatusChanged, token));
        if (_spec.Config.DirectRouting) _loops.Start("review", ReviewAsync);
    }

    /// <summary>
    /// Waits until the node's address can be reached. The kernel's work queue puts an IPv6 address into effect a moment after it was accepted, and
    /// until then peers are told that it is unreachable. Waits no longer than a while: the data path works without that address, too.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task WaitForAddressAsync(CancellationToken cancellationToken)
    {
        long start = _time.GetTimestamp();
        while (PeerRoutes.FindWay(_netlink, _subnetBase!) is not { Type: RouteType.Local } && _time.GetElapsedTime(start) < AddressPatience)
            await Task.Delay(AddressPoll, _time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Replaces all peers.</summary>
    public void SetPeers(IReadOnlyList<Lease> peers)
    {
        lock (_gate)
        {
            bool usedNexthops = _peers.UsesNexthops;
            Reconciler.Set(_peers.Replace(peers));
            LogMode_NeedsLock(usedNexthops);
        }
    }

    /// <summary>Changes the peers.</summary>
    public void ChangePeers(IReadOnlyList<LeaseChange> changes)
    {
        lock (_gate)
        {
            bool usedNexthops = _peers.UsesNexthops;
            VxlanEntryChanges entries = _peers.Change(changes);
            Reconciler.Change(entries.Removals, entries.Upserts);
            LogMode_NeedsLock(usedNexthops);
        }
    }

    /// <summary>Ends the loops and leaves the kernel as it is.</summary>
    public Task StopAsync() => _loops.StopAsync();

    /// <summary>Removes everything that is ours. The loops must have ended.</summary>
    public void Remove()
    {
        _target?.RemoveDirectRoutes();
        _device.Delete(); // takes its addresses, neighbours, FDB entries, nexthop objects and routes along
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _monitor?.Dispose(); // if the loop that takes it over never ran
        _netlink.Dispose();
        _loops.Dispose();
    }

    private Reconciler<VxlanEntryKey, VxlanEntry> Reconciler =>
        _reconciler ?? throw new InvalidOperationException("The network has not been started.");

    private bool HasNexthops()
    {
        try
        {
            _netlink.GetNexthops(linkIndex: 1);
            return true;
        }
        catch (NetlinkException exception) when (exception.IsNotSupported)
        {
            return false;
        }
    }

    /// <summary>Whether the kernel reaches a host over the external interface and without a gateway.</summary>
    private bool IsReachableDirectly(IPAddress host) => PeerRoutes.IsOnLink(PeerRoutes.FindWay(_netlink, host), _device.State!.UplinkIndex);

    /// <summary>
    /// Keeps router advertisements off a device: they come from peers' containers, not from a router. A kernel without IPv6 has no such setting,
    /// and a read-only one is not worth failing for.
    /// </summary>
    private void IgnoreRouterAdvertisements(string device) => _host.WriteSysctl($"ipv6/conf/{device}/accept_ra", "0");

    private void LogMode_NeedsLock(bool usedNexthops)
    {
        if (_peers.UsesNexthops == usedNexthops) return;
        if (usedNexthops) VxlanBackend.Log.NexthopsOff(_logger, _spec.Name, _peers.Count);
        else VxlanBackend.Log.NexthopsOn(_logger, _spec.Name, _peers.Count);
    }
}
