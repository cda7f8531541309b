using System.Threading.Channels;
using Flannel.Core.State;
using Flannel.Core.Timing;

namespace Flannel.Core.Reconciliation;

/// <summary>
/// Keeps a part of the kernel in the desired state. Callers say what shall be (<see cref="Set"/>, <see cref="Change"/>) and what they saw
/// (<see cref="Observe"/>, <see cref="RequestResync"/>); one loop writes the differences and nothing else. Entries that fail are tried again
/// each with a back-off of its own, and hold up no other. Nothing is removed before the first <see cref="Set"/>, because until then nobody
/// knows what is wanted.
/// </summary>
/// <typeparam name="TKey">What identifies an entry in the kernel.</typeparam>
/// <typeparam name="TEntry">What the entry says; compared by value.</typeparam>
public sealed partial class Reconciler<TKey, TEntry>
    where TKey : notnull
{
    private readonly IReconcileTarget<TKey, TEntry> _target;
    private readonly ReconcilerOptions _options;
    private readonly BackOff _backOff;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly LatestValue<ReconcilerStatus<TKey>> _status = new(new ReconcilerStatus<TKey>());

    /// <summary>At most one wake-up is pending: whatever was said since the last pass is handled by the next one.</summary>
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly Dictionary<TKey, TEntry> _desired = [];
    private readonly HashSet<TKey> _dirty = [];
    private readonly HashSet<TKey> _contradicted = [];
    private Dictionary<TKey, TEntry> _actual = [];
    private bool _isWanted;
    private bool _isResyncRequested = true;
    private bool _isApplying;

    // Touched by the loop only.
    private readonly Dictionary<TKey, Failure> _failures = [];
    private Exception? _readError;
    private int _readAttempts;
    private long _resyncDue;
    private long _writes;
    private long _resyncs;

    /// <summary>Creates the reconciler; it does nothing until <see cref="RunAsync"/>.</summary>
    /// <param name="target">What to keep in the desired state.</param>
    /// <param name="options">The timing.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Spreads the back-offs.</param>
    public Reconciler(IReconcileTarget<TKey, TEntry> target, ReconcilerOptions options, TimeProvider time, Random random)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(random);
        (_target, _options, _time, _random) = (target, options, time, random);
        _backOff = new BackOff(options.MinimumBackOff, options.MaximumBackOff);
    }

    /// <summary>How far the kernel is from the desired state.</summary>
    public ReconcilerStatus<TKey> Status => _status.Value;

    /// <summary>Delivers the current status and then each new one.</summary>
    /// <param name="cancellationToken">Ends the sequence.</param>
    public IAsyncEnumerable<ReconcilerStatus<TKey>> WatchAsync(CancellationToken cancellationToken) => _status.WatchAsync(cancellationToken);

    /// <summary>Replaces the whole desired state. From the first call on, entries that are not desired are removed.</summary>
    /// <param name="entries">Everything that shall be.</param>
    public void Set(IEnumerable<KeyValuePair<TKey, TEntry>> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        lock (_gate)
        {
            _dirty.UnionWith(_desired.Keys);
            _desired.Clear();
            if (entries.TryGetNonEnumeratedCount(out int count))
            {
                _desired.EnsureCapacity(count);
                _dirty.EnsureCapacity(count);
            }

            foreach ((TKey key, TEntry entry) in entries)
            {
                _desired[key] = entry;
                _dirty.Add(key);
            }

            _isWanted = true;
            MarkUnconverged_NeedsLock();
        }

        Wake();
    }

    /// <summary>Changes the desired state.</summary>
    /// <param name="removals">Entries that shall not be any more.</param>
    /// <param name="upserts">Entries that shall be; applied after the removals, so a key may occur in both.</param>
    public void Change(IEnumerable<TKey> removals, IEnumerable<KeyValuePair<TKey, TEntry>> upserts)
    {
        ArgumentNullException.ThrowIfNull(removals);
        ArgumentNullException.ThrowIfNull(upserts);
        lock (_gate)
        {
            foreach (TKey key in removals)
            {
                _desired.Remove(key);
                _dirty.Add(key);
            }

            foreach ((TKey key, TEntry entry) in upserts)
            {
                _desired[key] = entry;
                _dirty.Add(key);
            }

            MarkUnconverged_NeedsLock();
        }

        Wake();
    }

    /// <summary>Says that the kernel reported an entry. A report that agrees with the desired state costs nothing.</summary>
    /// <param name="key">The entry's identity.</param>
    /// <param name="entry">The entry as it is now.</param>
    public void Observe(TKey key, TEntry entry)
    {
        lock (_gate)
        {
            if (_desired.TryGetValue(key, out TEntry? desired) && EqualityComparer<TEntry>.Default.Equals(desired, entry))
            {
                if (!_isApplying) _actual[key] = entry;
                return;
            }

            _actual[key] = entry;
            Contradict_NeedsLock(key);
        }

        Wake();
    }

    /// <summary>Says that the kernel reported an entry's removal.</summary>
    /// <param name="key">The entry's identity.</param>
    public void ObserveRemoval(TKey key)
    {
        lock (_gate)
        {
            _actual.Remove(key);
            if (!_desired.ContainsKey(key)) return;
            Contradict_NeedsLock(key);
        }

        Wake();
    }

    /// <summary>Says that reports were lost or that something larger broke: everything is read and compared again.</summary>
    public void RequestResync()
    {
        lock (_gate)
        {
            _isResyncRequested = true;
            MarkUnconverged_NeedsLock();
        }

        Wake();
    }

    private void Contradict_NeedsLock(TKey key)
    {
        _dirty.Add(key);
        if (_isApplying) _contradicted.Add(key);
        MarkUnconverged_NeedsLock();
    }

    private void MarkUnconverged_NeedsLock() =>
        _status.Update(static (status, _) => status.IsConverged ? status with { IsConverged = false } : status, 0);

    private void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>The last failure of an entry; it holds back further tries of the same change only.</summary>
    private record struct Failure(ReconcileChange<TKey, TEntry> Change, Exception Error, int Attempts, long Due);
}
