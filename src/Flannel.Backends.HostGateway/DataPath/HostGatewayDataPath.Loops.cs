using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Flannel.Core.Addressing;
using Flannel.Core.Reconciliation;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Backends.HostGateway.DataPath;

internal sealed partial class HostGatewayDataPath
{
    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(1);

    /// <summary>Routes change in swarms; one review serves them all.</summary>
    private static readonly TimeSpan ReviewDelay = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Runs a loop until the data path stops. A failure that nobody foresaw is reported and must neither end the loop nor reach the host.
    /// </summary>
    private async Task KeepRunningAsync(string name, Func<CancellationToken, Task> loop)
    {
        CancellationToken stop = _stop.Token;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await loop(stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                HostGatewayBackend.Log.LoopFailed(_logger, exception, _spec.UplinkName, _spec.Family, name);
                await Task.Delay(RestartDelay, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private RouteMonitor OpenMonitor() => _host.OpenMonitor(
        RouteMonitorGroups.Links | (_spec.Family == AddressFamily.InterNetworkV6
            ? RouteMonitorGroups.Ipv6Addresses | RouteMonitorGroups.Ipv6Routes
            : RouteMonitorGroups.Ipv4Addresses | RouteMonitorGroups.Ipv4Routes),
        _netlink);

    /// <summary>Reports to the reconciler what changes in the kernel.</summary>
    private async Task MonitorAsync(CancellationToken cancellationToken)
    {
        var listener = new HostGatewayListener(_spec, _uplink, _peerRoutes, _reconciler, RequestReview);
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
        ITimer timer = _time.CreateTimer(static state => ((HostGatewayDataPath)state!).RequestReview(), this, _resyncInterval, _resyncInterval);
        await using (timer.ConfigureAwait(false))
        {
            while (true)
            {
                await _review.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                await Task.Delay(ReviewDelay, _time, cancellationToken).ConfigureAwait(false);
                if (Review()) onStatusChanged();
            }
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

    private void RequestReview() => _review.Writer.TryWrite(true);

    /// <summary>Passes the reconciler's status on, and says once what breaks and what heals.</summary>
    private async Task ReportAsync(Action onStatusChanged, CancellationToken cancellationToken)
    {
        string? problem = null;
        ImmutableDictionary<SubnetKey, string> peerProblems = ImmutableDictionary<SubnetKey, string>.Empty;
        await foreach (ReconcilerStatus<IPNetwork> _ in _reconciler.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            HostGatewayDataPathStatus status = Status;
            LogProblem(problem, status.Problem);
            LogPeerProblems(peerProblems, status.PeerProblems);
            (problem, peerProblems) = (status.Problem, status.PeerProblems);
            onStatusChanged();
        }
    }

    private void LogProblem(string? before, string? after)
    {
        if (after == before) return;
        if (after is null) HostGatewayBackend.Log.DataPathRestored(_logger, _spec.Family, _spec.UplinkName);
        else HostGatewayBackend.Log.DataPathBroken(_logger, _spec.Family, _spec.UplinkName, after);
    }

    private void LogPeerProblems(ImmutableDictionary<SubnetKey, string> before, ImmutableDictionary<SubnetKey, string> after)
    {
        foreach ((SubnetKey peer, string problem) in after)
        {
            if (!before.ContainsKey(peer)) HostGatewayBackend.Log.PeerFailing(_logger, _spec.UplinkName, peer, problem);
        }

        foreach (SubnetKey peer in before.Keys)
        {
            if (!after.ContainsKey(peer)) HostGatewayBackend.Log.PeerRestored(_logger, _spec.UplinkName, peer);
        }
    }
}
