using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Flannel.Core.Stores;
using Flannel.Core.Timing;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Observation;

/// <summary>
/// One run of <see cref="IFlannelObserver.WatchAsync"/>: a loop without locks that lists, watches on from there, and lists anew when the watch broke,
/// fell silent, or has gone on for long. Only what differs is told.
/// </summary>
internal sealed partial class NetworkFollower : IAsyncDisposable
{
    private static readonly TimeSpan RelistInterval = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly BackOff Pauses = new(TimeSpan.FromMilliseconds(100), LongestPause);

    private readonly DeadlineLeaseStore _store;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly ObservedNetwork _network;
    private readonly Queue<NetworkEvent> _told = new();
    private readonly Alarm _alarm;
    private readonly long _start;

    private BoundedWatch? _watch;
    private TimeSpan _openedAt;
    private TimeSpan _listAt;
    private bool _mustReset;
    private bool _hasBegun;
    private int _failures;
    private string? _toldError;

    /// <param name="store">The store, whose calls end in bounded time.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">The source of randomness.</param>
    /// <param name="logger">Where to log.</param>
    public NetworkFollower(DeadlineLeaseStore store, TimeProvider time, Random random, ILogger logger)
    {
        _store = store;
        _time = time;
        _random = random;
        _logger = logger;
        _network = new ObservedNetwork(store.ConfigSource);
        _alarm = new Alarm(time);
        _start = time.GetTimestamp();
    }

    private TimeSpan Now => _time.GetElapsedTime(_start);

    private TimeSpan SilentAt => _watch is { } watch && _store.MaxSilence is { } longest ? Now - watch.Silence + longest : TimeSpan.MaxValue;

    /// <summary>The next thing to tell, if there is one.</summary>
    public bool TryTake([NotNullWhen(true)] out NetworkEvent? item) => _told.TryDequeue(out item);

    /// <summary>One turn of the loop. Only cancellation throws.</summary>
    /// <param name="cancellationToken">Ends the turn.</param>
    public async Task StepAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            if (Now >= _listAt)
                await ListAsync(cancellationToken).ConfigureAwait(false);
            else if (_watch is { Next.IsCompleted: true })
                await TakeNextAsync().ConfigureAwait(false);
            else if (Now >= SilentAt)
                BreakSilence();
            else
                await WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (StoreException error)
        {
            BreakOff(error);
        }
        catch (Exception error)
        {
            LogUnexpected(error);
            BreakOff(new StoreException($"Observing the lease store failed unexpectedly: {error.Message}", isTransient: true, error));
        }
    }

    /// <summary>Closes the watch; what does not end soon is abandoned.</summary>
    public async ValueTask DisposeAsync()
    {
        CloseWatch();
        await _store.DrainAsync().ConfigureAwait(false);
        await _alarm.DisposeAsync().ConfigureAwait(false);
    }

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        if (_mustReset) await _store.ResetConnectionsAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        _mustReset = false;
        StoreSnapshot snapshot = await _store.ListAsync(null, cancellationToken).ConfigureAwait(false);
        CloseWatch();
        _openedAt = Now;
        _listAt = Now + (RelistInterval * (0.9 + (0.2 * _random.NextDouble())));
        _watch = _store.OpenWatch(snapshot.Revision);
        Tell(error: null);
        TakeIn(snapshot);
    }

    private async Task TakeNextAsync()
    {
        StoreEvent item = await _watch!.TakeAsync().ConfigureAwait(false);
        if (item.Revision > _network.Revision) TakeIn(item);
    }

    private void TakeIn(StoreEvent item)
    {
        StoredNetworkConfig? config = _network.Config;
        ImmutableDictionary<string, StoredLease> leases = _network.Leases;
        _network.Apply(item);
        if (!_hasBegun)
        {
            _hasBegun = true;
            _told.Enqueue(new NetworkSnapshot(_network.Config, _network.Sorted, _network.Revision));
            return;
        }

        if (config != _network.Config) _told.Enqueue(new StoredConfigChange(config, _network.Config));
        foreach ((StoredLease? before, StoredLease? after) in Differences.Between(leases, _network.Leases, _network.LastTouched))
            _told.Enqueue(new StoredLeaseChange(before, after));
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        Task alarm = _alarm.At(_listAt < SilentAt ? _listAt : SilentAt, Now);
        await (_watch is { } watch ? Task.WhenAny(alarm, watch.Next) : alarm).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private void BreakSilence()
    {
        _mustReset = true;
        BreakOff(new StoreException(
            $"The watch of the lease store ({_store.ConfigSource}) has given no sign of life for {_store.MaxSilence!.Value.TotalSeconds:0.#} s; " +
            "its connections are dropped and it is opened again.",
            isTransient: true));
    }

    private void BreakOff(StoreException error)
    {
        // A watch that broke at once is no progress: else a store that lists but cannot watch would be asked without pause.
        _failures = _watch is not null && Now - _openedAt >= LongestPause ? 1 : _failures + 1;
        CloseWatch();
        _listAt = Now + Pauses.Delay(_failures, _random);
        _alarm.Disarm();
        Tell(error);
    }

    private void CloseWatch()
    {
        _watch?.Dispose();
        _watch = null;
    }

    private void Tell(StoreException? error)
    {
        if (error?.Message == _toldError) return;
        _toldError = error?.Message;
        _told.Enqueue(new StoreReachability(error));
    }
}
