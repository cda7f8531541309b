using System.Net;
using System.Net.NetworkInformation;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Route.Neighbours;

namespace Flannel.Benchmarks.Labs;

/// <summary>Counts what the kernel tells of changes in a namespace, whoever made them, from a socket of its own.</summary>
internal sealed class KernelChanges : IAsyncDisposable
{
    /// <summary>On the external interface, where nobody else has neighbours.</summary>
    private static readonly IPAddress Mark = IPAddress.Parse("172.31.255.254");

    private readonly LabHost _host;
    private readonly RouteMonitor _monitor;
    private readonly IAsyncEnumerator<RouteNotification> _notifications;

    public KernelChanges(LabHost host, CancellationToken cancellationToken)
    {
        _host = host;
        _monitor = host.OpenMonitor(RouteMonitorGroups.All);
        _notifications = _monitor.WatchAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
    }

    /// <summary>
    /// How many links, addresses, routes, neighbours, FDB entries and nexthop objects changed since the last call. A change of our own marks the
    /// end: the kernel tells of changes in their order.
    /// </summary>
    /// <exception cref="BenchException">There were more than could be taken, so the number is not known.</exception>
    public async Task<int> CountAsync()
    {
        var mark = new Neighbour
        {
            LinkIndex = _host.Device(LabHost.ExternalInterface).Index,
            Destination = Mark,
            Address = new PhysicalAddress([2, 0, 0, 0, 0, 1]),
            State = NeighbourState.Permanent,
        };
        _host.Netlink.ReplaceNeighbour(mark);
        _host.Netlink.DeleteNeighbour(mark);
        for (int count = 0; ; count++)
        {
            RouteNotification change = await NextAsync();
            while (change is NeighbourChanged { Neighbour: var neighbour } && neighbour.Destination.Equals(Mark)) change = await NextAsync();
            if (change is NeighbourRemoved { Neighbour: var removed } && removed.Destination.Equals(Mark)) return count;
        }
    }

    /// <summary>The next change.</summary>
    /// <exception cref="BenchException">There were more than could be taken.</exception>
    public async Task<RouteNotification> NextAsync() =>
        !await _notifications.MoveNextAsync() || _notifications.Current is Resynchronise
            ? throw new BenchException($"The kernel changed more in {_host.Name} than could be counted.")
            : _notifications.Current;

    public async ValueTask DisposeAsync()
    {
        await _notifications.DisposeAsync();
        _monitor.Dispose();
    }
}
