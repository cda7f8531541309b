using System.Collections.Immutable;
using System.Net;
using System.Runtime.Versioning;
using Flannel.Extensibility;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Linux.DataPaths;

/// <summary>
/// One address family at work, with four loops: the reconciler writes, the monitor reports what others changed, the review looks at the external
/// interface and at how peers are reached, the report passes the status on.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class MechanismDataPath<TKey, TEntry> : KernelDataPath
    where TKey : notnull
{
    /// <summary>What stands in the way may be gone any moment, and looking costs next to nothing.</summary>
    private static readonly TimeSpan MaximumBackOff = TimeSpan.FromSeconds(5);

    private const int ManyChanges = 100;

    private static readonly TimeSpan ReviewDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AddressPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AddressPoll = TimeSpan.FromMilliseconds(2);

    private readonly KernelContext _context;
    private readonly KernelMechanism<TKey, TEntry> _mechanism;
    private readonly TimeSpan _resyncInterval;
    private readonly Reconciler<TKey, TEntry> _reconciler;
    private readonly SupervisedLoops _loops;
    private readonly ReviewSignal _review;
    private readonly ProblemReport _report; // locks itself
    private readonly TunnelGuard? _guard; // locks itself
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly Dictionary<SubnetKey, FamilyPeer> _peers = [];
    private readonly List<KeyValuePair<TKey, TEntry>> _entries = [];
    private HashSet<SubnetKey> _excluded = []; // nothing leads to them, so nothing is let in from them
    private ImmutableDictionary<SubnetKey, string> _unusable = ImmutableDictionary<SubnetKey, string>.Empty;

    private MonitorLoop? _monitor;
    private IPAddress? _subnetBase;
    private Action _onStatusChanged = static () => { };

    private MechanismDataPath(KernelContext context, KernelMechanism<TKey, TEntry> mechanism, BackendContext network, Random random)
    {
        (_context, _mechanism, _resyncInterval) = (context, mechanism, network.ResyncInterval);
        var options = new ReconcilerOptions
        {
            NetworkName = network.NetworkName,
            ResyncInterval = network.ResyncInterval,
            MaximumBackOff = MaximumBackOff,
        };
        _reconciler = new Reconciler<TKey, TEntry>(new Target(this), options, context.Time, random);
        _loops = new SupervisedLoops(
            context.Time, (exception, loop) => KernelNetwork.Log.LoopFailed(context.Logger, VisibleText.Of(exception), _mechanism.Name, loop));
        _review = new ReviewSignal(ReviewDelay, context.Time);
        _report = new ProblemReport(LogProblem, LogPeerProblem);
        _guard = mechanism.Tunnel is { } tunnel ? new TunnelGuard(tunnel, context.Family, network, context.Host, context.Time, context.Logger) : null;
        context.Guard = _guard;
    }

    /// <summary>Takes over the context; nothing is changed before <see cref="Prepare"/>.</summary>
    public static MechanismDataPath<TKey, TEntry> Create(
        KernelContext context, Func<KernelContext, KernelMechanism<TKey, TEntry>> newMechanism, BackendContext network, Random random)
    {
        try
        {
            return new MechanismDataPath<TKey, TEntry>(context, newMechanism(context), network, random);
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    public override KernelContext Context => _context;

    public override string Name => _mechanism.Name;

    public override string? Device => _mechanism.Device;

    public override string? LeaseData => _mechanism.LeaseData;

    public override long Writes => _reconciler.Status.Writes;

    public override long Resyncs => _reconciler.Status.Resyncs;

    public override DataPathStatus Status
    {
        get
        {
            ReconcilerStatus<TKey> status = _reconciler.Status;
            ExternalLinkState link = _context.External.State;
            string? external = link.Problem;
            string? read = link.Exists ? status.ReadError?.Message : null;
            string? problem = external is null ? read : read is null ? external : $"{external} {read}";

            // What is wrong with the interface is said once, not once per peer.
            ImmutableDictionary<SubnetKey, string> peers;
            lock (_gate) peers = _unusable;
            if (link.IsUsable && !status.PeerProblems.IsEmpty) peers = peers.Count == 0 ? status.PeerProblems : peers.SetItems(status.PeerProblems);
            return new DataPathStatus(_mechanism.Mtu, status.IsConverged && problem is null, problem, peers)
            {
                IsUnusable = !link.IsUsable,
                Guard = _guard?.Status,
            };
        }
    }

    public override void Prepare() => Translate(() =>
    {
        _context.External.Refresh();
        _mechanism.Prepare();
        if (!_context.Routes.HasOwn()) _guard?.Close(); // else something flows, until now without a guard perhaps
    });

    public override void Start(IPNetwork subnet, Action onStatusChanged)
    {
        (_subnetBase, _onStatusChanged) = (subnet.BaseAddress, onStatusChanged);
        _context.Routes.OwnSubnet = subnet;
        Translate(() =>
        {
            _monitor = new MonitorLoop(_context.Host, Groups(), _context.Netlink);
            _monitor.Open(); // before anything is read, so that no change falls between the two
            _mechanism.Activate(subnet.BaseAddress);
        });
        _loops.Start("reconcile", _reconciler.RunAsync);
        if (_guard is not null)
        {
            _guard.Start(subnet, onStatusChanged);
            _loops.Start("guard", _guard.RunAsync);
        }

        _loops.Start("monitor", token => _monitor!.RunAsync(Take, token));
        _loops.Start("report", ReportAsync);
        _loops.Start("review", ReviewAsync);
    }

    public override async Task WaitForAddressAsync(CancellationToken cancellationToken)
    {
        // The kernel's work queue puts an IPv6 address into effect a moment after it was accepted; until then peers are told that it is unreachable.
        // Where a bridge has the subnet, its first address is the bridge's anycast address already (RFC 4291, 2.6.1).
        if (_mechanism.Device is null) return;
        long start = _context.Time.GetTimestamp();
        while (PeerRoutes.Resolve(_context.Netlink, _subnetBase!) is not { Type: RouteType.Local or RouteType.Anycast }
            && _context.Time.GetElapsedTime(start) < AddressPatience)
        {
            await Task.Delay(AddressPoll, _context.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    public override string? CheckPeer(Lease peer, out bool hasSubnet)
    {
        FamilyPeer? known = Family.Read(peer, out string? reason);
        hasSubnet = known is not null;
        return known is null ? reason : _mechanism.CheckPeer(known);
    }

    public override Task StopAsync() => _loops.StopAsync();

    public override void Remove() => Translate(() =>
    {
        _context.External.Refresh();
        _mechanism.Remove();
        _guard?.Remove();
    });

    public override async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _monitor?.Dispose(); // if the loop never ran
        _loops.Dispose();
        _guard?.Dispose();
        _context.Dispose();
    }

    private RouteMonitorGroups Groups() => _mechanism.Groups | RouteMonitorGroups.Links | (Family.IsIPv6
        ? RouteMonitorGroups.IPv6Addresses | RouteMonitorGroups.IPv6Routes
        : RouteMonitorGroups.IPv4Addresses | RouteMonitorGroups.IPv4Routes);

    private void Translate(Action action) => KernelRefusal.Translate(_mechanism.Name, action, _mechanism.NewRefusal);

    /// <summary>The mechanism as the reconciler sees it: a full comparison starts with the external interface.</summary>
    private sealed class Target(MechanismDataPath<TKey, TEntry> owner) : IReconcileTarget<TKey, TEntry>
    {
        public IComparer<TKey> Order => owner._mechanism.Order;

        public IReadOnlyDictionary<TKey, TEntry> Read(CancellationToken cancellationToken)
        {
            owner.RefreshExternal();
            return owner._mechanism.Read(cancellationToken);
        }

        public void Apply(
            IReadOnlyList<ReconcileChange<TKey, TEntry>> changes, IDictionary<TKey, Exception> failures, CancellationToken cancellationToken)
        {
            // Of many, the entries before the routes are written meanwhile. Removals come last, and let nobody in.
            if (changes.Count < ManyChanges && !changes[0].IsRemoval)
            {
                lock (owner._gate)
                {
                    // Whoever made the changes has told the guard as well.
                }

                owner._guard?.Admit();
            }

            owner._mechanism.Apply(changes, failures, cancellationToken);
        }
    }
}
