using Flannel.Extensibility;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Linux.DataPaths;

internal sealed partial class MechanismDataPath<TKey, TEntry>
{
    /// <summary>Turns a notification into a report to the reconciler.</summary>
    private void Take(RouteNotification notification)
    {
        switch (notification)
        {
            case Resynchronise:
                KernelNetwork.Log.NotificationsLost(_context.Logger, _mechanism.Name);
                _context.Devices.Forget();
                _reconciler.RequestResync();
                _review.Request();
                return;
            case LinkChanged { Link: var link }:
                _context.Devices.Forget(link.Index);
                break;
            case LinkRemoved { Link: var link }:
                _context.Devices.Forget(link.Index);
                break;
        }

        if (_context.External.Concerns(notification))
        {
            // An interface that went down and came back took routes along, so what it is like now tells nothing.
            RefreshExternal();
            if (_mechanism.DependsOnRoutes) _reconciler.RequestResync();
            _review.Request();
        }
        else if (_context.External.ConcernsDefaultRoute(notification))
        {
            _review.Request();
        }

        Take(_mechanism.Recognize(notification));
        if (notification is RouteChanged { Route: var route }) _context.Routes.LogIfForeign(route);
    }

    private void Take(in Sighting<TKey, TEntry> sighting)
    {
        switch (sighting.Kind)
        {
            case SightingKind.Entry:
                _reconciler.Observe(sighting.Key!, sighting.Entry!);
                break;
            case SightingKind.Removal:
                _reconciler.ObserveRemoval(sighting.Key!);
                break;
            case SightingKind.Damage:
                _reconciler.RequestResync();
                break;
            case SightingKind.OtherRoute when _mechanism.DependsOnRoutes:
                _review.Request();
                break;
        }
    }

    /// <summary>
    /// Looks again at the external interface and at how peers are reached: when asked to, and now and then, because rules change in silence.
    /// </summary>
    private async Task ReviewAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _review.WaitAsync(_resyncInterval, cancellationToken).ConfigureAwait(false);
            RefreshExternal();
            if (_mechanism.DependsOnRoutes) ReviewPeers();
            _context.Routes.LogMoreForeign();
        }
    }

    /// <summary>Derives the entries of every peer again. An interface in trouble says nothing about the peers, so they are left alone then.</summary>
    private void ReviewPeers()
    {
        if (!_context.External.State.IsUsable) return;
        int changed;
        lock (_gate)
        {
            changed = _reconciler.Change([], DeriveAll_NeedsLock());
            FollowExclusions_NeedsLock();
        }

        if (changed > 0) KernelNetwork.Log.RoutesReviewed(_context.Logger, _mechanism.Name, changed);
        Report();
    }

    /// <summary>Looks at the external interface. Whichever loop sees a change has the kernel compared.</summary>
    private void RefreshExternal()
    {
        ExternalLinkState before = _context.External.State;
        if (!_context.External.Refresh()) return;
        ExternalLinkState after = _context.External.State;
        if (before.Mtu != 0 && before.Mtu != after.Mtu) KernelNetwork.Log.ExternalMtuChanged(_context.Logger, after.Name, before.Mtu, after.Mtu);
        _reconciler.RequestResync();
        Report();
    }

    /// <summary>Passes the reconciler's status on.</summary>
    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        await foreach (ReconcilerStatus<TKey> _ in _reconciler.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            // The status of this moment counts: what was passed on may be older than peers that left meanwhile.
            lock (_gate)
            {
                if (_reconciler.Status.IsConverged) _guard?.Expel();
            }

            Report();
        }
    }

    /// <summary>Logs once what breaks and what heals.</summary>
    private void Report()
    {
        _report.Take(() => Status);
        _onStatusChanged();
    }

    private void LogProblem(string? problem)
    {
        if (problem is null) KernelNetwork.Log.DataPathRestored(_context.Logger, _mechanism.Name);
        else KernelNetwork.Log.DataPathBroken(_context.Logger, _mechanism.Name, problem);
    }

    private void LogPeerProblem(SubnetKey peer, string? problem)
    {
        if (problem is null) KernelNetwork.Log.PeerRestored(_context.Logger, _mechanism.Name, peer);
        else KernelNetwork.Log.PeerFailing(_context.Logger, _mechanism.Name, peer, problem);
    }
}
