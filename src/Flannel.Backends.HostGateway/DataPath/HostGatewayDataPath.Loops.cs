using System.Net;
using System.Net.Sockets;
using Flannel.Core.Addressing;
using Flannel.Core.Reconciliation;
using Flannel.Linux.DataPaths;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Backends.HostGateway.DataPath;

internal sealed partial class HostGatewayDataPath
{
    private RouteMonitor OpenMonitor() => _host.OpenMonitor(
        RouteMonitorGroups.Links | (_spec.Family == AddressFamily.InterNetworkV6
            ? RouteMonitorGroups.Ipv6Addresses | RouteMonitorGroups.Ipv6Routes
            : RouteMonitorGroups.Ipv4Addresses | RouteMonitorGroups.Ipv4Routes),
        _netlink);

    /// <summary>Reports to the reconciler what changes in the kernel.</summary>
    private async Task MonitorAsync(CancellationToken cancellationToken)
    {
        var listener = new HostGatewayListener(_spec, _uplink, _peerRoutes, _reconciler, _review.Request);
        RouteMonitor? opened = Interlocked.Exchange(ref _monitor, null);
        using RouteMonitor monitor = opened ?? OpenMonitor();
        if (opened is null) listener.Take(new Resynchronise()); // nobody listened since the last one failed
        await foreach (RouteNotification notification in monitor.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            if (notification is Resynchronise) HostGatewayBackend.Log.EventsLost(_logger, _spec.UplinkName, _spec.Family);
            listener.Take(notification);
        }
    }

    /// <summary>
    /// Looks anew which hosts are on-link: after each change of routes, addresses or the interface, and now and then, because rules change in
    /// silence.
    /// </summary>
    private async Task ReviewAsync(Action onStatusChanged, CancellationToken cancellationToken)
    {
        while (true)
        {
            await _review.WaitAsync(_resyncInterval, cancellationToken).ConfigureAwait(false);
            if (Review()) onStatusChanged();
        }
    }

    /// <summary>Looks anew at the interface and at each peer. An interface in trouble says nothing about the peers, so they are left alone.</summary>
    /// <returns>Whether <see cref="Status"/> may have changed.</returns>
    private bool Review()
    {
        bool isUplinkChanged = _uplink.Refresh();
        if (_uplink.State.Problem is not null) return isUplinkChanged;
        lock (_gate)
        {
            if (_peers.Review() is not { } changes) return isUplinkChanged;
            HostGatewayBackend.Log.OnLinkChanged(_logger, changes.Count, _spec.Family, _spec.UplinkName);
            _reconciler.Change(changes.Removals, changes.Upserts);
            return true;
        }
    }

    /// <summary>Passes the reconciler's status on, and says once what breaks and what heals.</summary>
    private async Task ReportAsync(Action onStatusChanged, CancellationToken cancellationToken)
    {
        var report = new ProblemReport(LogProblem, LogPeerProblem);
        await foreach (ReconcilerStatus<IPNetwork> _ in _reconciler.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            report.Take(Status);
            onStatusChanged();
        }
    }

    private void LogProblem(string? problem)
    {
        if (problem is null) HostGatewayBackend.Log.DataPathRestored(_logger, _spec.Family, _spec.UplinkName);
        else HostGatewayBackend.Log.DataPathBroken(_logger, _spec.Family, _spec.UplinkName, problem);
    }

    private void LogPeerProblem(SubnetKey peer, string? problem)
    {
        if (problem is null) HostGatewayBackend.Log.PeerRestored(_logger, _spec.UplinkName, peer);
        else HostGatewayBackend.Log.PeerFailing(_logger, _spec.UplinkName, peer, problem);
    }
}
