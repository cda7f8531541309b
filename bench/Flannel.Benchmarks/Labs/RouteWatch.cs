using System.Diagnostics;
using System.Net;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Benchmarks.Labs;

/// <summary>Tells from a socket of its own when routes come and go in a namespace.</summary>
internal sealed class RouteWatch : IAsyncDisposable
{
    private readonly LabHost _host;
    private readonly RouteMonitor _monitor;
    private readonly IAsyncEnumerator<RouteNotification> _notifications;

    public RouteWatch(LabHost host, CancellationToken cancellationToken)
    {
        _host = host;
        _monitor = host.OpenMonitor(RouteMonitorGroups.IPv4Routes);
        _notifications = _monitor.WatchAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
    }

    /// <summary>Does what makes a route appear, and waits for it.</summary>
    /// <returns>How many milliseconds it took.</returns>
    public async Task<double> TimeAsync(IPNetwork destination, Action cause)
    {
        long start = Stopwatch.GetTimestamp();
        cause();
        while (await NextAsync() is not RouteChanged { Route: var route } || route.Destination != destination)
        {
        }

        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>Waits until a route has gone.</summary>
    public async Task WaitForRemovalAsync(IPNetwork destination)
    {
        while (await NextAsync() is not RouteRemoved { Route: var route } || route.Destination != destination)
        {
        }
    }

    /// <summary>Waits until all of these have appeared.</summary>
    public async Task WaitForAsync(IEnumerable<IPNetwork> destinations)
    {
        var missing = new HashSet<IPNetwork>(destinations);
        while (missing.Count > 0)
        {
            if (await NextAsync() is RouteChanged { Route: var route }) missing.Remove(route.Destination);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _notifications.DisposeAsync();
        _monitor.Dispose();
    }

    private async Task<RouteNotification> NextAsync() =>
        !await _notifications.MoveNextAsync() || _notifications.Current is Resynchronise
            ? throw new BenchException($"The kernel changed more in {_host.Name} than could be followed.")
            : _notifications.Current;
}
