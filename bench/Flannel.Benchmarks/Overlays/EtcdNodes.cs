using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Benchmarks.Overlays;

/// <summary>
/// Subnet managers of many hosts in one process. Nothing is shared among them: each has an etcd client with a connection of its own, as on a host of
/// its own.
/// </summary>
internal sealed class EtcdNodes : IAsyncDisposable
{
    /// <summary>How many nodes start at the same time: hosts of their own would not have to share our processors.</summary>
    public const int StartingTogether = 32;

    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly string[] _names;
    private readonly ServiceProvider _services;
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, int> _requests = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _starting = new(StartingTogether);
    private readonly List<Task> _watches = [];

    public EtcdNodes(string endpoint, int count)
    {
        _names = [.. Enumerable.Range(0, count).Select(number => $"{number}")];
        var services = new ServiceCollection();
        services.AddMetrics();
        foreach (string name in _names) services.AddFlannel(name).UseEtcd(options => options.Endpoints = [endpoint]);
        _services = services.BuildServiceProvider();

        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Name == EtcdTelemetry.RequestDuration) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((_, _, tags, _) => Count(tags));
        _listener.Start();
    }

    /// <summary>The requests of each node so far, those that failed included.</summary>
    public IEnumerable<int> Requests => _names.Select(name => _requests.GetValueOrDefault(name));

    /// <summary>How often a node was told that etcd could not serve it now, and tried again.</summary>
    public int Refusals { get; private set; }

    /// <summary>Starts all nodes; each follows the others as soon as it has a lease. They go on when this ends.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many milliseconds it took until all had a lease, and until each saw all others.</returns>
    public async Task<(double Acquired, double Complete)> StartAsync(CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        var complete = new List<Task>();
        Task[] acquired = [.. _names.Select((name, number) => Task.Run(
            async () =>
            {
                await _starting.WaitAsync(cancellationToken);
                ISubnetMembership membership = await AcquireAsync(name, number, cancellationToken);
                _starting.Release();
                var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                lock (_watches)
                {
                    complete.Add(seen.Task);
                    _watches.Add(FollowAsync(membership, seen));
                }
            },
            cancellationToken))];
        await Task.WhenAll(acquired);
        double acquiredAfter = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        await Task.WhenAll(complete).WaitAsync(cancellationToken);
        return (acquiredAfter, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_watches).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _services.DisposeAsync();
        _listener.Dispose();
        _starting.Dispose();
        _stop.Dispose();
    }

    private async Task<ISubnetMembership> AcquireAsync(string name, int number, CancellationToken cancellationToken)
    {
        ISubnetManager manager = _services.GetRequiredKeyedService<ISubnetManager>(name);
        while (true)
        {
            try
            {
                ISubnetView view = await manager.OpenAsync(cancellationToken);
                var request = new LeaseRequest { Config = view.ReadConfig(), Attributes = new Peer(number).Lease.Attributes };
                return await view.AcquireAsync(request, cancellationToken);
            }
            catch (StoreException exception) when (exception.IsTransient)
            {
                lock (_watches) Refusals++;
                await Task.Delay(RetryPause, cancellationToken); // as a node does
            }
        }
    }

    private async Task FollowAsync(ISubnetMembership membership, TaskCompletionSource seen)
    {
        int peers = 0;
        try
        {
            await foreach (SubnetEvent result in membership.WatchAsync(_stop.Token))
            {
                if (result is LeaseSnapshot snapshot) peers = snapshot.Peers.Count;
                foreach (LeaseChange change in (result as LeaseChanges)?.Changes ?? [])
                    peers += (change.After is null ? 0 : 1) - (change.Before is null ? 0 : 1);
                if (peers == _names.Length - 1) seen.TrySetResult();
            }
        }
        catch (OperationCanceledException)
        {
            seen.TrySetCanceled();
        }
    }

    private void Count(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            if (tag.Key == FlannelTelemetry.NetworkTag) _requests.AddOrUpdate((string)tag.Value!, 1, static (_, count) => count + 1);
        }
    }
}
