using System.Net;
using System.Net.Sockets;
using Flannel.Backends.Vxlan.Entries;
using Flannel.Core.Addressing;
using Flannel.Core.Reconciliation;
using Flannel.Linux.DataPaths;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Backends.Vxlan.DataPath;

internal sealed partial class VxlanDataPath
{
    private RouteMonitor OpenMonitor()
    {
        RouteMonitorGroups groups = RouteMonitorGroups.Links | RouteMonitorGroups.Neighbours;
        if (_hasNexthops) groups |= RouteMonitorGroups.Nexthops;
        groups |= _spec.Family == AddressFamily.InterNetworkV6
            ? RouteMonitorGroups.Ipv6Addresses | RouteMonitorGroups.Ipv6Routes
            : RouteMonitorGroups.Ipv4Addresses | RouteMonitorGroups.Ipv4Routes;
        return _host.OpenMonitor(groups, _netlink);
    }

    /// <summary>Reports to the reconciler what changes in the kernel.</summary>
    private async Task MonitorAsync(IPAddress subnetBase, CancellationToken cancellationToken)
    {
        var listener = new VxlanListener(_spec, _device, _ownership, _nexthops, _netlink, Reconciler, subnetBase, _review.Request);
        RouteMonitor? opened = Interlocked.Exchange(ref _monitor, null);
        using RouteMonitor monitor = opened ?? OpenMonitor();
        if (opened is null) listener.Take(new Resynchronise()); // nobody listened since the last one failed
        await foreach (RouteNotification notification in monitor.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            if (notification is Resynchronise) VxlanBackend.Log.EventsLost(_logger, _spec.Name);
            listener.Take(notification);
        }
    }

    /// <summary>
    /// Looks anew which peers need no tunnel: after each change of routes or addresses, and now and then, because rules change in silence.
    /// </summary>
    private async Task ReviewAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _review.WaitAsync(_resyncInterval, cancellationToken).ConfigureAwait(false);
            ReviewDirectRouting();
        }
    }

    private void ReviewDirectRouting()
    {
        lock (_gate)
        {
            if (_peers.ReviewDirectRouting() is not { } changes) return;
            VxlanBackend.Log.DirectRoutingChanged(_logger, _spec.Name, changes.Removals.Count + changes.Upserts.Count);
            Reconciler.Change(changes.Removals, changes.Upserts);
        }
    }

    /// <summary>Passes the reconciler's status on, and says once what breaks and what heals.</summary>
    private async Task ReportAsync(Action onStatusChanged, CancellationToken cancellationToken)
    {
        var report = new ProblemReport(LogProblem, LogPeerProblem);
        await foreach (ReconcilerStatus<VxlanEntryKey> _ in Reconciler.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            report.Take(Status);
            onStatusChanged();
        }
    }

    private void LogProblem(string? problem)
    {
        if (problem is null) VxlanBackend.Log.DataPathRestored(_logger, _spec.Name);
        else VxlanBackend.Log.DataPathBroken(_logger, _spec.Name, problem);
    }

    private void LogPeerProblem(SubnetKey peer, string? problem)
    {
        if (problem is null) VxlanBackend.Log.PeerRestored(_logger, _spec.Name, peer);
        else VxlanBackend.Log.PeerFailing(_logger, _spec.Name, peer, problem);
    }
}
