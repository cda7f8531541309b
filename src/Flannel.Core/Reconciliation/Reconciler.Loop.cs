using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Flannel.Core.Diagnostics;

namespace Flannel.Extensibility;

// One pass of the loop: 1 read everything if asked to or if it is time, 2 collect what differs, 3 write it, 4 note what failed, 5 publish, 6 sleep.
public sealed partial class Reconciler<TKey, TEntry>
{
    /// <summary>Runs the loop until it is cancelled. What is in the kernel stays there.</summary>
    /// <param name="cancellationToken">Ends the loop; the task then completes without an exception.</param>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Activity.Current = null; // the loop is no part of what was going on when it was started
        ITimer timer = _time.CreateTimer(
            static state => ((Reconciler<TKey, TEntry>)state!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await using (timer.ConfigureAwait(false))
        {
            try
            {
                while (true)
                {
                    await _wake.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                    if (!IsWanted()) continue;
                    TimeSpan idle = Pass(cancellationToken);
                    timer.Change(idle, Timeout.InfiniteTimeSpan);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // The owner stops the loop; the kernel keeps what it has.
            }
        }
    }

    private bool IsWanted()
    {
        lock (_gate) return _isWanted;
    }

    /// <summary>Does what is due and returns how long nothing more is.</summary>
    private TimeSpan Pass(CancellationToken cancellationToken)
    {
        ResyncIfDue(cancellationToken);
        if (_readError is null)
        {
            List<ReconcileChange<TKey, TEntry>> changes = Collect();
            if (changes.Count > 0) Write(changes, cancellationToken);
        }

        PublishStatus();
        return TimeToNextDeadline();
    }

    private void ResyncIfDue(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            bool isDue = _time.GetTimestamp() >= _resyncDue;
            bool isHeldBack = _readError is not null && !isDue;
            if (isHeldBack || (!_isResyncRequested && !isDue)) return;
            _isResyncRequested = false;
            _isApplying = true;
            _contradicted.Clear();
        }

        try
        {
            IReadOnlyDictionary<TKey, TEntry> read = _target.Read(cancellationToken);
            _readError = null;
            _readAttempts = 0;
            _resyncs++;
            _resyncDue = After(_options.ResyncInterval);

            // What made entries fail may be cured by what was just repaired (a device that is back), so they need not wait out their back-off.
            foreach (TKey key in _failures.Keys) CollectionsMarshal.GetValueRefOrNullRef(_failures, key).Due = 0;
            lock (_gate)
            {
                _isApplying = false;
                Take_NeedsLock(read);
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // Any failure to read is reported in the status and tried again: a reconciler that gives up heals nothing.
            lock (_gate) _isApplying = false;
            _readError = exception;
            _resyncDue = After(_backOff.Delay(++_readAttempts, _random));
        }
    }

    /// <summary>Takes over what was read, and marks what is not as desired. Entries that are as they were stay the objects that they are.</summary>
    private void Take_NeedsLock(IReadOnlyDictionary<TKey, TEntry> read)
    {
        foreach (TKey key in _actual.Keys)
        {
            // What was reported while the dump was read may be newer than the dump.
            if (!read.ContainsKey(key) && !_contradicted.Contains(key)) _actual.Remove(key);
        }

        _actual.EnsureCapacity(read.Count);
        foreach ((TKey key, TEntry entry) in read)
        {
            if (_contradicted.Contains(key)) continue;
            ref TEntry? known = ref CollectionsMarshal.GetValueRefOrAddDefault(_actual, key, out bool isKnown);
            if (!isKnown || !EqualityComparer<TEntry>.Default.Equals(known, entry)) known = entry;
        }

        foreach (TKey key in _contradicted) Distrust_NeedsLock(key);
        foreach (TKey key in _desired.Keys)
        {
            if (Difference_NeedsLock(key) is not null) _dirty.Add(key);
        }

        foreach (TKey key in _actual.Keys)
        {
            if (!_desired.TryGet(key, out _)) _dirty.Add(key);
        }
    }

    private List<ReconcileChange<TKey, TEntry>> Collect()
    {
        var removals = new List<ReconcileChange<TKey, TEntry>>();
        List<ReconcileChange<TKey, TEntry>> changes;
        long now = _time.GetTimestamp();
        lock (_gate)
        {
            changes = new List<ReconcileChange<TKey, TEntry>>(Math.Max(0, _dirty.Count - _actual.Count)); // at least so many are not there
            foreach (TKey key in _dirty)
            {
                if (Difference_NeedsLock(key) is not { } change) _failures.Remove(key);
                else if (!IsHeldBack_NeedsLock(change, now)) (change.IsRemoval ? removals : changes).Add(change);
            }

            _dirty.Clear();
            if (_dirty.Capacity > FewKeys) _dirty.TrimExcess(); // room for every key is for resynchronisation only
            _released.Clear();
            _isApplying = true;
            _contradicted.Clear();
        }

        // Make before break: what is wanted is written before what is not wanted goes. In place: of many changes, a copy is a large object, whose
        // collection stops every thread.
        IComparer<TKey> order = _target.Order;
        changes.Sort((left, right) => order.Compare(left.Key, right.Key));
        removals.Sort((left, right) => order.Compare(right.Key, left.Key));
        changes.AddRange(removals);
        return changes;
    }

    private void Write(List<ReconcileChange<TKey, TEntry>> changes, CancellationToken cancellationToken)
    {
        using Activity? activity = Instrumentation.Source.StartActivity(FlannelTelemetry.ReconcileActivity);
        var failures = new Dictionary<TKey, Exception>();
        try
        {
            _target.Apply(changes, failures, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // The target could not say which changes failed, so none of them counts as done.
            foreach (ReconcileChange<TKey, TEntry> change in changes) failures[change.Key] = exception;
        }

        _writes += changes.Count - failures.Count;
        Tell(activity, changes.Count - failures.Count, failures);
        lock (_gate)
        {
            _isApplying = false;
            _actual.EnsureCapacity(_desired.Keys.Count);
            foreach (ref readonly ReconcileChange<TKey, TEntry> change in CollectionsMarshal.AsSpan(changes))
            {
                if (failures.TryGetValue(change.Key, out Exception? error))
                {
                    int attempts = _failures.TryGetValue(change.Key, out Failure previous) ? previous.Attempts + 1 : 1;
                    _failures[change.Key] = new Failure(change, error, attempts, After(_backOff.Delay(attempts, _random)));
                    continue;
                }

                _failures.Remove(change.Key);

                // A report that came in during the writes may be newer than they are.
                if (_contradicted.Contains(change.Key)) Distrust_NeedsLock(change.Key);
                else if (change.IsRemoval) _actual.Remove(change.Key);
                else _actual[change.Key] = change.Entry;
            }
        }
    }

    private void Tell(Activity? activity, int writes, Dictionary<TKey, Exception> failures)
    {
        activity?.SetTag(FlannelTelemetry.NetworkTag, _options.NetworkName)
            .SetTag(FlannelTelemetry.WritesTag, writes)
            .SetTag(FlannelTelemetry.FailuresTag, failures.Count);
        if (failures.Count > 0) activity.Fail(failures.Values.First());
    }

    private ReconcileChange<TKey, TEntry>? Difference_NeedsLock(TKey key)
    {
        bool isActual = _actual.TryGetValue(key, out TEntry? actual);
        if (!_desired.TryGet(key, out TEntry? desired))
            return isActual ? new ReconcileChange<TKey, TEntry>(key, IsRemoval: true, actual!) : null;
        bool isAsDesired = isActual && EqualityComparer<TEntry>.Default.Equals(actual, desired);
        return isAsDesired ? null : new ReconcileChange<TKey, TEntry>(key, IsRemoval: false, desired);
    }

    /// <summary>
    /// Makes the next pass write or remove the entry once more, which is harmless, rather than believe either of two contradicting sources.
    /// </summary>
    private void Distrust_NeedsLock(TKey key)
    {
        if (_desired.TryGet(key, out _)) _actual.Remove(key);
    }

    private void PublishStatus()
    {
        lock (_gate)
        {
            _isApplying = false;
            bool isConverged = _readError is null && !_isResyncRequested && _dirty.Count == 0;
            ImmutableDictionary<TKey, Exception> failures = _failures.Count == 0
                ? ImmutableDictionary<TKey, Exception>.Empty
                : _failures.ToImmutableDictionary(pair => pair.Key, pair => pair.Value.Error);
            _status.Publish(new ReconcilerStatus<TKey>
            {
                IsConverged = isConverged,
                ReadError = _readError,
                Failures = failures,
                PeerProblems = DescribePeerProblems_NeedsLock(),
                Writes = _writes,
                Resyncs = _resyncs,
            });
        }
    }

    private ImmutableDictionary<SubnetKey, string> DescribePeerProblems_NeedsLock()
    {
        if (_failures.Count == 0 && _desired.Excluded.Count == 0) return ImmutableDictionary<SubnetKey, string>.Empty;
        ImmutableDictionary<SubnetKey, string>.Builder problems = ImmutableDictionary.CreateBuilder<SubnetKey, string>();
        foreach ((TKey key, Failure failure) in _failures.OrderBy(static pair => pair.Key, _target.Order))
        {
            if (!failure.Change.IsRemoval && _desired.OwnerOf(key) is { } peer) problems.TryAdd(peer, $"{key}: {failure.Error.Message}");
        }

        foreach ((SubnetKey peer, TKey key) in _desired.Excluded) problems[peer] = $"{key} belongs to {_desired.OwnerOf(key)}, whose lease is older";
        return problems.ToImmutable();
    }

    private TimeSpan TimeToNextDeadline()
    {
        long now = _time.GetTimestamp();
        long due = _resyncDue;
        lock (_gate)
        {
            foreach ((TKey key, Failure failure) in _failures)
            {
                _dirty.Add(key);
                if (_readError is null) due = Math.Min(due, failure.Due);
            }
        }

        return due <= now ? TimeSpan.Zero : _time.GetElapsedTime(now, due);
    }

    private bool IsHeldBack_NeedsLock(in ReconcileChange<TKey, TEntry> change, long now) =>
        !_released.Contains(change.Key)
        && _failures.TryGetValue(change.Key, out Failure failure) && failure.Due > now && failure.Change.Equals(change);

    private long After(TimeSpan delay) => _time.GetTimestamp() + (long)(delay.TotalSeconds * _time.TimestampFrequency);
}
