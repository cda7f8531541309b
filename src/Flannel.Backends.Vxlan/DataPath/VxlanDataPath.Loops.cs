using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Flannel.Backends.Vxlan.Entries;
using Flannel.Core.Addressing;
using Flannel.Core.Reconciliation;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Backends.Vxlan.DataPath;

internal sealed partial class VxlanDataPath
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
                VxlanBackend.Log.LoopFailed(_logger, exception, _spec.Name, name);
                await Task.Delay(RestartDelay, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

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
        var listener = new VxlanListener(_spec, _device, _ownership, _nexthops, _netlink, Reconciler, subnetBase, RequestReview);
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
        ITimer timer = _time.CreateTimer(static state => ((VxlanDataPath)state!).RequestReview(), this, _resyncInterval, _resyncInterval);
        await using (timer.ConfigureAwait(false))
        {
            while (true)
            {
                await _review.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                await Task.Delay(ReviewDelay, _time, cancellationToken).ConfigureAwait(false);
                ReviewDirectRouting();
            }
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

    private void RequestReview() => _review.Writer.TryWrite(true);

    /// <summary>Passes the reconciler's status on, and says once what breaks and what heals.</summary>
    private async Task ReportAsync(Action onStatusChanged, CancellationToken cancellationToken)
    {
        string? problem = null;
        ImmutableDictionary<SubnetKey, string> peerProblems = ImmutableDictionary<SubnetKey, string>.Empty;
        await foreach (ReconcilerStatus<VxlanEntryKey> _ in Reconciler.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            VxlanDataPathStatus status = Status;
            LogProblem(problem, status.Problem);
            LogPeerProblems(peerProblems, status.PeerProblems);
            (problem, peerProblems) = (status.Problem, status.PeerProblems);
            onStatusChanged();
        }
    }

    private void LogProblem(string? before, string? after)
    {
        if (after == before) return;
        if (after is null) VxlanBackend.Log.DataPathRestored(_logger, _spec.Name);
        else VxlanBackend.Log.DataPathBroken(_logger, _spec.Name, after);
    }

    private void LogPeerProblems(ImmutableDictionary<SubnetKey, string> before, ImmutableDictionary<SubnetKey, string> after)
    {
        if (ReferenceEquals(before, after)) return;
        foreach ((SubnetKey peer, string problem) in after)
        {
            if (!before.ContainsKey(peer)) VxlanBackend.Log.PeerFailing(_logger, _spec.Name, peer, problem);
        }

        foreach (SubnetKey peer in before.Keys)
        {
            if (!after.ContainsKey(peer)) VxlanBackend.Log.PeerRestored(_logger, _spec.Name, peer);
        }
    }
}
