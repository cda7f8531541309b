using System.Diagnostics.CodeAnalysis;
using Flannel.Core.Leases.Peers;
using Flannel.Core.Leases.Policy;
using Flannel.Core.Stores;
using Flannel.Core.Timing;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Leases.Membership;

/// <summary>
/// One run of <see cref="ISubnetMembership.WatchAsync"/>: keeps the own lease and follows the others over one watch of the store. A single loop
/// without locks; each turn (<see cref="StepAsync"/>) does the most urgent thing: take in what was listed, begin to list, see to the own lease, let
/// peers go whose grace is over, take in what the watch delivered, or wait for one of these.
/// </summary>
/// <remarks>
/// <para>Listing and watching run beside the loop, so that a store which does not answer them keeps nobody from renewing the lease. A watch that
/// gives no sign of life for longer than <see cref="ILeaseStore.MaxSilence"/> counts as broken.</para>
/// <para>The first list is the one that the lease was acquired from, if there is one; the watch tells what has happened since. After a break
/// everything is listed again rather than watched from where the watch broke off, because only an answer proves that the store is back (a silent
/// watch proves nothing), because it reads the own key before anything is written, and because it notices a store that was restored from a backup.
/// Differing entries alone are passed on, so that peers that did not change notice nothing. The same is done every now and then while the watch seems
/// to work.</para>
/// </remarks>
internal sealed partial class LeaseKeeper : IAsyncDisposable
{
    private readonly DeadlineLeaseStore _store;
    private readonly FollowedStore _followed;
    private readonly SubnetManagerOptions _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly LeaseMetrics _metrics;
    private readonly NodeIdentity _identity;
    private readonly RenewalSchedule _schedule;
    private readonly PeerFollower _others;
    private readonly LeaseContest _contest;
    private readonly Alarm _alarm;
    private readonly CancellationTokenSource _stop = new();
    private readonly long _start;
    private readonly Queue<SubnetEvent> _results = new();

    private StoreSnapshot? _listed;
    private Task<StoreSnapshot>? _listing;
    private bool _isLook;
    private bool _wroteWhileListing;

    private StoreException? _watchError;
    private StoreException? _writeError;
    private string? _toldError;
    private readonly Reminder _outage = new();

    /// <param name="store">The store, whose calls end in bounded time.</param>
    /// <param name="options">Times to live, intervals and limits.</param>
    /// <param name="time">The clock. Deadlines run on its monotonic side, the wall clock is for display.</param>
    /// <param name="random">The source of randomness.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="metrics">Where to count.</param>
    /// <param name="request">The request that acquired the lease.</param>
    /// <param name="own">The lease to keep.</param>
    /// <param name="entry">The lease as it stands in the store.</param>
    /// <param name="isClaimed">Whether it was there already and was claimed, so that a live holder may still answer.</param>
    /// <param name="age">How long ago it was last written or renewed.</param>
    /// <param name="listed">What was listed shortly before it was written or renewed, to watch on from; <see langword="null"/> to list.</param>
    /// <param name="isConfigRead">Whether the node has read its configuration from that listing, so that only another one is news.</param>
    public LeaseKeeper(
        DeadlineLeaseStore store,
        SubnetManagerOptions options,
        TimeProvider time,
        Random random,
        ILogger logger,
        LeaseMetrics metrics,
        LeaseRequest request,
        Lease own,
        StoredEntry entry,
        bool isClaimed,
        TimeSpan age,
        StoreSnapshot? listed,
        bool isConfigRead)
    {
        _store = store;
        _followed = new FollowedStore(store, options.RelistInterval, random);
        _options = options;
        _time = time;
        _random = random;
        _logger = logger;
        _metrics = metrics;
        _identity = new NodeIdentity(request);
        _schedule = new RenewalSchedule(options, random, age, !own.IsReservation);
        _others = new PeerFollower(request, _identity, own.Key, options, store.ConfigSource, _results, logger) { IsConfigRead = isConfigRead };
        _alarm = new Alarm(time);
        _start = time.GetTimestamp();
        _listed = listed;
        _own = own;
        // What was listed before the lease was written knows nothing of it.
        _ownRevision = own.ModRevision;
        _entry = entry;
        _contest = new LeaseContest(random, isClaimed ? -age : null, store.WatchDelay);
    }

    private TimeSpan Now => _time.GetElapsedTime(_start);

    // A lease whose state is in doubt waits for a listing that is under way, or about to be.
    private bool IsLeaseDue => Now >= _schedule.DueAt && !IsWaitingForList;

    private bool IsWaitingForList => _schedule.MustLookFirst(Now) && (_listing is not null || _followed.Watch is null);

    /// <summary>The next thing to tell the node, if there is one.</summary>
    public bool TryTake([NotNullWhen(true)] out SubnetEvent? result) => _results.TryDequeue(out result);

    /// <summary>One turn of the loop. Only cancellation throws.</summary>
    /// <param name="cancellationToken">Ends the turn.</param>
    public async Task StepAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            if (_listing is { IsCompleted: true })
                await TakeListedAsync(cancellationToken).ConfigureAwait(false);
            else if (_listing is null && Now >= _followed.ListAt)
                await ListAsync(cancellationToken).ConfigureAwait(false);
            else if (IsLeaseDue)
                await KeepAsync(cancellationToken).ConfigureAwait(false);
            else if (Now >= _schedule.EndsAt)
                TellEnd();
            else if (Now >= _contest.DueAt)
                await SeeToContestAsync(cancellationToken).ConfigureAwait(false);
            else if (Now >= _others.DueAt)
                _others.CatchUp(Now);
            else if (_followed.Watch is { Next.IsCompleted: true })
                await TakeNextAsync(cancellationToken).ConfigureAwait(false);
            else if (Now >= _followed.SilentAt(Now))
                BreakOff(_followed.FallSilent(), isSilent: true);
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
            BreakOff(new StoreException($"Following the lease store failed unexpectedly: {error.Message}", isTransient: true, error));
        }
    }

    /// <summary>Closes the watch; what does not end soon is abandoned.</summary>
    public async ValueTask DisposeAsync()
    {
        _followed.Close();
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_listing is Task listing)
            await listing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _store.DrainAsync().ConfigureAwait(false);
        await _alarm.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _listed, null) is { } known)
        {
            Watch(known);
            await TakeInAsync(known, isListed: false, cancellationToken).ConfigureAwait(false);
            return;
        }

        BeginList(isLook: false);
    }

    /// <param name="isLook">Whether it is for the own key only: the watch that is open goes on.</param>
    private void BeginList(bool isLook)
    {
        (_isLook, _wroteWhileListing) = (isLook, false);
        _listing = _followed.ListAsync(_stop.Token);
    }

    private async Task TakeListedAsync(CancellationToken cancellationToken)
    {
        (Task<StoreSnapshot> listing, _listing) = (_listing!, null);
        StoreSnapshot snapshot;
        try
        {
            snapshot = await listing.ConfigureAwait(false);
        }
        catch (StoreException error) when (_isLook)
        {
            FailWrite(error);
            return;
        }

        // The watch that is open may have told of others' changes behind the listing, and tells of them only once.
        bool isOfOwnOnly = _isLook && _followed.Watch is not null && snapshot.Revision < _others.Revision;
        if (!_isLook || _followed.Watch is null) Watch(snapshot);
        if (_writeError is not null) _schedule.Hurry(Now);
        bool isOvertaken = _wroteWhileListing && snapshot.Revision < _ownRevision;
        if (isOfOwnOnly) await NoticeOwnAsync(snapshot, isListed: !isOvertaken, cancellationToken).ConfigureAwait(false);
        else await TakeInAsync(snapshot, isListed: !isOvertaken, cancellationToken).ConfigureAwait(false);
        if (!isOvertaken) return;

        // Listed before our own write, or from a store that was restored meanwhile: only another look tells.
        _schedule.Doubt();
        _schedule.Hurry(Now);
    }

    private void Watch(StoreSnapshot snapshot)
    {
        _followed.Open(snapshot.Revision, Now);
        SetStoreError(ref _watchError, null);
    }

    private async Task TakeNextAsync(CancellationToken cancellationToken)
    {
        StoreEvent item = await _followed.Watch!.TakeAsync().ConfigureAwait(false);
        // Not what led to the state that was listed meanwhile.
        if (item.Revision > _others.Revision)
            await TakeInAsync(item, isListed: false, cancellationToken).ConfigureAwait(false);
        if (_others.HasRoomForLeftOut) _followed.HurryList(Now);
    }

    /// <summary>Tells the node first what changed for its peers, then sees to its own lease.</summary>
    private async Task TakeInAsync(StoreEvent item, bool isListed, CancellationToken cancellationToken)
    {
        _others.TakeIn(item, Now);
        await NoticeOwnAsync(item, isListed, cancellationToken).ConfigureAwait(false);
        NoticeElder();
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        TimeSpan[] deadlines =
        [
            _listing is null ? _followed.ListAt : TimeSpan.MaxValue,
            IsWaitingForList ? TimeSpan.MaxValue : _schedule.DueAt,
            _schedule.EndsAt,
            _contest.DueAt,
            _others.DueAt,
            _followed.SilentAt(Now),
        ];
        List<Task> awaited = [_alarm.At(deadlines.Min(), Now)];
        if (_followed.Watch is { } watch) awaited.Add(watch.Next);
        if (_listing is not null) awaited.Add(_listing);
        await Task.WhenAny(awaited).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private void BreakOff(StoreException error, bool isSilent = false)
    {
        _followed.BreakOff(Now);
        _alarm.Disarm();
        SetStoreError(ref _watchError, error, isSilent);
    }

    /// <summary>Tells the node and the log that the store went away or came back, and the node why it is away: always the newest reason.</summary>
    private void SetStoreError(ref StoreException? error, StoreException? value, bool isSilent = false)
    {
        bool wasAway = (_watchError ?? _writeError) is not null;
        error = value;
        StoreException? now = value ?? _watchError ?? _writeError;
        LogOutage(wasAway, now);
        if (!wasAway && now is not null) _metrics.CountOutage(isSilent);
        if (now?.Message == _toldError)
            return;

        _toldError = now?.Message;
        _results.Enqueue(new StoreAvailabilityChanged(now));
    }

    private void LogOutage(bool wasAway, StoreException? error)
    {
        if (error is null)
        {
            if (wasAway && _outage.End(Now)) Log.StoreBack(_logger, _outage.Duration(Now));
        }
        else if (!_outage.IsDue(Now))
        {
            Log.StoreStillAway(_logger, error.Message);
        }
        else if (wasAway)
        {
            Log.StoreAwayFor(_logger, _outage.Duration(Now), error.Message);
        }
        else
        {
            Log.StoreAway(_logger, error.Message);
        }
    }
}
