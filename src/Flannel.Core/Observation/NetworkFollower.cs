using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Flannel.Core.Stores;
using Flannel.Core.Timing;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Observation;

/// <summary>
/// One run of <see cref="IFlannelObserver.WatchAsync"/>: a loop without locks that lists, watches on from there, and lists again when the watch
/// broke, fell silent, or has gone on for long. Only what differs is told.
/// </summary>
internal sealed partial class NetworkFollower : IAsyncDisposable
{
    private static readonly TimeSpan RelistInterval = TimeSpan.FromMinutes(10);

    private readonly DeadlineLeaseStore _store;
    private readonly FollowedStore _followed;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ObservedNetwork _network;
    private readonly Queue<NetworkEvent> _told = new();
    private readonly Alarm _alarm;
    private readonly long _start;

    private bool _hasBegun;
    private string? _toldError;

    /// <param name="store">The store, whose calls end in bounded time.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">The source of randomness.</param>
    /// <param name="logger">Where to log.</param>
    public NetworkFollower(DeadlineLeaseStore store, TimeProvider time, Random random, ILogger logger)
    {
        _store = store;
        _followed = new FollowedStore(store, RelistInterval, random);
        _time = time;
        _logger = logger;
        _network = new ObservedNetwork(store.ConfigSource);
        _alarm = new Alarm(time);
        _start = time.GetTimestamp();
    }

    private TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>The next thing to tell, if there is one.</summary>
    public bool TryTake([NotNullWhen(true)] out NetworkEvent? item) => _told.TryDequeue(out item);

    /// <summary>One turn of the loop. Only cancellation throws.</summary>
    /// <param name="cancellationToken">Ends the turn.</param>
    public async Task StepAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            if (Now >= _followed.ListAt)
                await ListAsync(cancellationToken).ConfigureAwait(false);
            else if (_followed.Watch is { Next.IsCompleted: true })
                await TakeNextAsync().ConfigureAwait(false);
            else if (Now >= _followed.SilentAt(Now))
                BreakOff(_followed.FallSilent());
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
            Log.Unexpected(_logger, VisibleText.Of(error));
            BreakOff(new StoreException($"Observing the lease store failed unexpectedly: {error.Message}", isTransient: true, error));
        }
    }

    /// <summary>Closes the watch; what does not end soon is abandoned.</summary>
    public async ValueTask DisposeAsync()
    {
        _followed.Close();
        await _store.DrainAsync().ConfigureAwait(false);
        await _alarm.DisposeAsync().ConfigureAwait(false);
    }

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        StoreSnapshot snapshot = await _followed.ListAsync(cancellationToken).ConfigureAwait(false);
        _followed.Open(snapshot.Revision, Now);
        Tell(error: null);
        TakeIn(snapshot);
    }

    private async Task TakeNextAsync()
    {
        StoreEvent item = await _followed.Watch!.TakeAsync().ConfigureAwait(false);
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
        TimeSpan silentAt = _followed.SilentAt(Now);
        Task alarm = _alarm.At(_followed.ListAt < silentAt ? _followed.ListAt : silentAt, Now);
        await (_followed.Watch is { } watch ? Task.WhenAny(alarm, watch.Next) : alarm).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private void BreakOff(StoreException error)
    {
        _followed.BreakOff(Now);
        _alarm.Disarm();
        Tell(error);
    }

    private void Tell(StoreException? error)
    {
        if (error?.Message == _toldError) return;
        _toldError = error?.Message;
        _told.Enqueue(new StoreReachability(error));
    }
}
