using System.Diagnostics.CodeAnalysis;
using Flannel.Core.Configuration;
using Flannel.Core.Diagnostics;
using Flannel.Core.Stores;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Leases;

/// <summary>
/// One run of <see cref="SubnetManager.WatchAsync"/>: keeps the own lease and follows the others over one watch of the store. A single loop without
/// locks; each turn (<see cref="StepAsync"/>) does the most urgent thing: 1 list and open the watch, 2 see to the own lease, 3 let peers go whose grace is
/// over, 4 take in what the watch delivered, 5 wait for one of these.
/// </summary>
/// <remarks>
/// The first list is the one that the lease was acquired from, if there is one; the watch tells what has happened since. After a break everything is
/// listed anew rather than watched from where the watch broke off, because only an answer proves that the store is back (a silent watch proves nothing),
/// because it reads the own key before anything is written, and because it notices a store that was restored from a backup. Differing entries alone are
/// passed on, so that peers that did not change notice nothing. The same is done every now and then while the watch seems to work.
/// </remarks>
internal sealed partial class LeaseKeeper : IAsyncDisposable
{
    private static readonly TimeSpan ShortestListPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestListPause = TimeSpan.FromSeconds(5);

    // Timers take at most about 49 days.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly ILeaseStore _store;
    private readonly SubnetManagerOptions _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly LeaseMetrics _metrics;
    private readonly NodeIdentity _identity;
    private readonly LeaseTracker _tracker;
    private readonly DepartureGrace _departures;
    private readonly long _start;
    private readonly Queue<LeaseWatchResult> _results = new();
    private readonly NetworkConfig _config;
    private ReadOnlyMemory<byte> _configDocument;
    private StoreSnapshot? _listed;

    private readonly ITimer _timer;
    private volatile TaskCompletionSource _alarm = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TimeSpan _alarmAt = TimeSpan.MaxValue;

    private CancellationTokenSource? _stopWatch;
    private IAsyncEnumerator<StoreWatchResult>? _watch;
    private Task<bool>? _next;
    private TimeSpan _openedAt;
    private TimeSpan _listAt;
    private int _listFailures;
    private StoreException? _watchError;
    private StoreException? _writeError;

    /// <param name="store">The store, whose calls end in bounded time.</param>
    /// <param name="options">Times to live and intervals.</param>
    /// <param name="time">The clock; only its monotonic hand counts, the wall clock is for display.</param>
    /// <param name="random">Where chance comes from.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="metrics">Where to count.</param>
    /// <param name="request">The request that acquired the lease.</param>
    /// <param name="own">The lease to keep.</param>
    /// <param name="age">How long ago it was last written or renewed.</param>
    /// <param name="listed">What was listed shortly before it was written or renewed, to watch on from; <see langword="null"/> to list.</param>
    public LeaseKeeper(
        ILeaseStore store,
        SubnetManagerOptions options,
        TimeProvider time,
        Random random,
        ILogger logger,
        LeaseMetrics metrics,
        LeaseRequest request,
        Lease own,
        TimeSpan age,
        StoreSnapshot? listed)
    {
        _store = store;
        _options = options;
        _time = time;
        _random = random;
        _logger = logger;
        _metrics = metrics;
        _identity = new NodeIdentity(request);
        NetworkConfig peerConfig = request.PeerConfig ?? request.Config;
        _tracker = new LeaseTracker(peerConfig, new LeaseRules(peerConfig, request.Attributes, own.Key), request.PeerRule, own.Key);
        _config = request.Config;
        _departures = new DepartureGrace(options.PeerGracePeriod);
        _start = time.GetTimestamp();
        _listed = listed;
        _own = own;
        // What was listed before the lease was written knows nothing of it.
        _ownRevision = own.ModRevision;
        _entry = new StoredEntry(own.Key.ToString(), _identity.Document, own.CreateRevision, own.ModRevision, !own.IsReservation);
        _aliveAt = -age;
        _ownAt = own.IsReservation ? TimeSpan.MaxValue : options.RenewAfter - age;
        _timer = time.CreateTimer(static keeper => ((LeaseKeeper)keeper!)._alarm.TrySetResult(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>The next thing to tell the node, if there is one.</summary>
    public bool TryTake([NotNullWhen(true)] out LeaseWatchResult? result) => _results.TryDequeue(out result);

    /// <summary>One turn of the loop. Only cancellation throws.</summary>
    /// <param name="cancellationToken">Ends the turn.</param>
    public async Task StepAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            if (Now >= _listAt)
                await ListAndWatchAsync(cancellationToken).ConfigureAwait(false);
            else if (Now >= _ownAt)
                await KeepAsync(cancellationToken).ConfigureAwait(false);
            else if (Now >= _departures.DueAt)
                _results.Enqueue(_departures.Release(Now)!);
            else if (_next is { IsCompleted: true })
                await TakeNextAsync(cancellationToken).ConfigureAwait(false);
            else
                await WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (StoreException error)
        {
            await BreakOffAsync(error).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            LogUnexpected(error);
            await BreakOffAsync(new StoreException($"Following the lease store failed unexpectedly: {error.Message}", isTransient: true, error))
                .ConfigureAwait(false);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await CloseWatchAsync().ConfigureAwait(false);
        await _timer.DisposeAsync().ConfigureAwait(false);
    }

    private async Task ListAndWatchAsync(CancellationToken cancellationToken)
    {
        StoreSnapshot? known = Interlocked.Exchange(ref _listed, null);
        StoreSnapshot snapshot = known ?? await _store.ListAsync(null, cancellationToken).ConfigureAwait(false);
        await CloseWatchAsync().ConfigureAwait(false);
        _openedAt = Now;
        _listAt = Now + (_options.RelistInterval * (0.9 + (0.2 * _random.NextDouble())));
        _stopWatch = new CancellationTokenSource();
        _watch = _store.WatchAsync(snapshot.Revision, _stopWatch.Token).GetAsyncEnumerator(CancellationToken.None);
        _next = _watch.MoveNextAsync().AsTask();
        SetStoreError(ref _watchError, null);
        await TakeInAsync(snapshot, isListed: known is null, cancellationToken).ConfigureAwait(false);
    }

    private async Task TakeNextAsync(CancellationToken cancellationToken)
    {
        if (!await _next!.ConfigureAwait(false))
            throw new StoreException("The lease store ended the watch.", isTransient: true);

        StoreWatchResult item = _watch!.Current;
        _next = _watch.MoveNextAsync().AsTask();
        // Not what led to the state that was listed meanwhile.
        if (item.Revision > _tracker.Revision)
            await TakeInAsync(item, isListed: false, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Tells the node first what changed for its peers, then sees to its own lease.</summary>
    private async Task TakeInAsync(StoreWatchResult item, bool isListed, CancellationToken cancellationToken)
    {
        LeaseWatchResult? peers = _departures.Pass(_tracker.Apply(item), Now);
        foreach (QuarantinedLease refused in _tracker.TakeRefused())
            LogRefused(refused.Key, refused.Revision, refused.Reason);
        if (_tracker.TakeQuarantine() is { } quarantine)
            _results.Enqueue(quarantine);
        if (peers is not null)
            _results.Enqueue(peers);
        NoticeConfig(item);
        await NoticeOwnAsync(item, isListed, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Tells of a configuration that differs from the one seen before, at first from the one that the node runs with.</summary>
    private void NoticeConfig(StoreWatchResult item)
    {
        ReadOnlyMemory<byte>? found = item is StoreSnapshot snapshot ? snapshot.Config : ((StoreChanges)item).Config;
        if (found is not { } document || document.Span.SequenceEqual(_configDocument.Span))
            return;

        bool isFirst = _configDocument.IsEmpty;
        _configDocument = document;
        try
        {
            NetworkConfig config = NetworkConfig.Parse(document.Span, _store.ConfigSource);
            if (!isFirst || config != _config)
                _results.Enqueue(new NetworkConfigChanged(config, null));
        }
        catch (NetworkConfigException error)
        {
            _results.Enqueue(new NetworkConfigChanged(null, error));
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        TimeSpan deadline = TimeSpan.FromTicks(Math.Min(Math.Min(_listAt.Ticks, _ownAt.Ticks), _departures.DueAt.Ticks));
        if (_alarm.Task.IsCompleted || deadline != _alarmAt)
        {
            _alarm = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _alarmAt = deadline;
            TimeSpan wait = deadline - Now;
            // The system's timers count whole milliseconds; rounding up keeps them from firing just before the deadline.
            _timer.Change(
                TimeSpan.FromMilliseconds(Math.Ceiling(Math.Clamp(wait.TotalMilliseconds, 0, LongestWait.TotalMilliseconds))),
                Timeout.InfiniteTimeSpan);
        }

        Task first = _next is null ? _alarm.Task : Task.WhenAny(_next, _alarm.Task);
        await first.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task BreakOffAsync(StoreException error)
    {
        bool wasOpen = _watch is not null;
        await CloseWatchAsync().ConfigureAwait(false);
        // A watch that broke at once is no progress: else a store that lists but cannot watch would be asked without pause.
        _listFailures = wasOpen && Now - _openedAt >= LongestListPause ? 1 : _listFailures + 1;
        TimeSpan window = ShortestListPause * Math.Pow(2, Math.Min(_listFailures - 1, 16));
        _listAt = Now + ((window < LongestListPause ? window : LongestListPause) * _random.NextDouble());
        Disarm();
        SetStoreError(ref _watchError, error);
    }

    // The alarm is set anew when the loop waits next; until then one for a deadline that has moved would only wake it for nothing.
    private void Disarm()
    {
        _alarmAt = TimeSpan.MaxValue;
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private async Task CloseWatchAsync()
    {
        if (_stopWatch is null)
            return;

        await _stopWatch.CancelAsync().ConfigureAwait(false);
        // However the old watch ends, it is of no interest any more.
        if (_next is Task last)
            await last.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_watch is not null)
            await _watch.DisposeAsync().AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopWatch.Dispose();
        (_stopWatch, _watch, _next) = (null, null, null);
    }

    private void SetStoreError(ref StoreException? error, StoreException? value)
    {
        bool wasAway = (_watchError ?? _writeError) is not null;
        error = value;
        StoreException? now = _watchError ?? _writeError;
        if (now is not null == wasAway)
            return;

        _results.Enqueue(new StoreAvailabilityChanged(now));
        if (now is not null)
            LogStoreAway(now.Message);
        else
            LogStoreBack();
    }
}
