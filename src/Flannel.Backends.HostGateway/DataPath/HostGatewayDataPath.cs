using System.Collections.Immutable;
using System.Net;
using System.Runtime.Versioning;
using Flannel.Backends.HostGateway.Diagnostics;
using Flannel.Backends.HostGateway.Peers;
using Flannel.Core.Addressing;
using Flannel.Core.Leases;
using Flannel.Core.Reconciliation;
using Flannel.Linux.DataPaths;
using Flannel.Linux.Hosts;
using Flannel.Linux.Routes;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Route.Routes;
using Microsoft.Extensions.Logging;

namespace Flannel.Backends.HostGateway.DataPath;

/// <summary>
/// One address family of the network: the routes that lead to the peers. Three loops: the reconciler writes, the monitor reports what others
/// changed, the review looks which hosts are on-link.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class HostGatewayDataPath : IAsyncDisposable
{
    /// <summary>What keeps a route out may go in silence, and looking costs next to nothing.</summary>
    private static readonly TimeSpan MaximumBackOff = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ReviewDelay = TimeSpan.FromMilliseconds(50);

    private readonly HostGatewaySpec _spec;
    private readonly HostKernel _host;
    private readonly TimeSpan _resyncInterval;
    private readonly ILogger _logger;
    private readonly RouteNetlink _netlink;
    private readonly Uplink _uplink;
    private readonly PeerRoutes _peerRoutes;
    private readonly HostGatewayReconcileTarget _target;
    private readonly Reconciler<IPNetwork, IPAddress> _reconciler;
    private readonly SupervisedLoops _loops;
    private readonly ReviewSignal _review;
    private readonly Lock _gate = new();
    private readonly HostGatewayPeerTable _peers; // guarded by _gate

    private RouteMonitor? _monitor;

    /// <summary>Opens the kernel; nothing is changed before <see cref="SetPeers"/>.</summary>
    /// <param name="spec">What the routes are made from.</param>
    /// <param name="resyncInterval">How often the kernel is compared in full.</param>
    /// <param name="host">The host's network; not disposed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Spreads back-offs; used by this data path only.</param>
    /// <param name="logger">Where to say what happens.</param>
    public HostGatewayDataPath(
        HostGatewaySpec spec, TimeSpan resyncInterval, HostKernel host, TimeProvider time, Random random, ILogger logger)
    {
        (_spec, _host, _resyncInterval, _logger) = (spec, host, resyncInterval, logger);
        _netlink = host.OpenNetlink();
        _loops = new SupervisedLoops(time, (exception, loop) => HostGatewayBackend.Log.LoopFailed(logger, exception, spec.UplinkName, spec.Family, loop));
        _review = new ReviewSignal(ReviewDelay, time);
        _uplink = new Uplink(spec, _netlink, logger);
        _peerRoutes = new PeerRoutes(spec.Network, spec.SubnetLength);
        _target = new HostGatewayReconcileTarget(spec, _uplink, _peerRoutes, _netlink);
        var options = new ReconcilerOptions { ResyncInterval = resyncInterval, MaximumBackOff = MaximumBackOff };
        _reconciler = new Reconciler<IPNetwork, IPAddress>(_target, options, time, random);
        _peers = new HostGatewayPeerTable(spec.Family, FindObstacle);
    }

    /// <summary>What the routes are made from.</summary>
    public HostGatewaySpec Spec => _spec;

    /// <summary>How far the kernel is from the desired state.</summary>
    public ReconcilerStatus<IPNetwork> Reconciliation => _reconciler.Status;

    /// <summary>The condition of the data path now.</summary>
    public DataPathStatus Status
    {
        get
        {
            ReconcilerStatus<IPNetwork> status = Reconciliation;
            UplinkState uplink = _uplink.State;
            string? problem = uplink.Problem ?? status.ReadError?.Message;

            // What is wrong with the interface is said once, not once per peer.
            ImmutableDictionary<IPNetwork, Exception> failures = uplink.Problem is null ? status.Failures : status.Failures.Clear();
            ImmutableDictionary<SubnetKey, string> peerProblems;
            lock (_gate) peerProblems = _peers.DescribeProblems(failures);
            return new DataPathStatus(uplink.Mtu, status.IsConverged && problem is null, problem, peerProblems);
        }
    }

    /// <summary>Looks for the external interface.</summary>
    /// <exception cref="HostGatewayException">It is gone.</exception>
    public void Prepare()
    {
        _uplink.Refresh();
        if (_uplink.State is { Mtu: 0, Problem: { } problem }) throw new HostGatewayException(problem, isTransient: true);
    }

    /// <summary>Starts the loops.</summary>
    /// <param name="onStatusChanged">Called when <see cref="Status"/> may have changed.</param>
    public void Start(Action onStatusChanged)
    {
        // The monitor listens before anything is read, so that no change falls between the two.
        _monitor = OpenMonitor();
        _loops.Start("reconcile", _reconciler.RunAsync);
        _loops.Start("monitor", MonitorAsync);
        _loops.Start("report", token => ReportAsync(onStatusChanged, token));
        _loops.Start("review", token => ReviewAsync(onStatusChanged, token));
    }

    /// <summary>Replaces the peers.</summary>
    public void SetPeers(IReadOnlyList<Lease> peers)
    {
        lock (_gate) _reconciler.Set(_peers.Replace(peers));
    }

    /// <summary>Changes the peers.</summary>
    public void ChangePeers(IReadOnlyList<LeaseChange> changes)
    {
        lock (_gate)
        {
            HostGatewayRouteChanges routes = _peers.Change(changes);
            _reconciler.Change(routes.Removals, routes.Upserts);
        }
    }

    /// <summary>Ends the loops and leaves the kernel as it is.</summary>
    public Task StopAsync() => _loops.StopAsync();

    /// <summary>Removes everything that is ours. The loops must have ended.</summary>
    public void Remove() => _target.RemoveAll();

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _monitor?.Dispose(); // if the loop that takes it over never ran
        _netlink.Dispose();
        _loops.Dispose();
    }

    /// <summary>Why a host cannot be a gateway. While the interface itself is in trouble nothing is held against hosts.</summary>
    private string? FindObstacle(IPAddress host)
    {
        UplinkState uplink = _uplink.State;
        if (uplink.Problem is not null) return null;
        RouteEntry? way = PeerRoutes.FindWay(_netlink, host);
        if (PeerRoutes.IsOnLink(way, uplink.Index)) return null;
        string found = way switch
        {
            null => "no route leads there",
            { Type: RouteType.Local } => "it is an address of this host",
            { Gateway: { } gateway } => $"it is reached via {gateway}",
            _ => $"it is reached over {_netlink.FindLink(way.LinkIndex)?.Name ?? "another interface"}",
        };
        return $"{host} is not on-link of {uplink.Name} ({found}): use vxlan, which crosses routers, or bring all hosts onto one layer-2 network";
    }
}
