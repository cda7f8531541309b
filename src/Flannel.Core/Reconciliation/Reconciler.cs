using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Flannel.Core.Reconciliation;

namespace Flannel.Extensibility;

/// <summary>
/// Keeps a part of the kernel in the desired state. Callers say which entries each peer needs (<see cref="Replace"/>, <see cref="Change"/>) and what
/// they saw (<see cref="Observe"/>, <see cref="RequestResync"/>); one loop writes the differences and nothing else. A failed entry is retried with
/// its own back-off and holds up no other. Nothing is removed before the first <see cref="Replace"/>, because until then nobody knows what is wanted.
/// </summary>
/// <typeparam name="TKey">What identifies an entry in the kernel.</typeparam>
/// <typeparam name="TEntry">What the entry says; compared by value.</typeparam>
[Experimental("FLANNEL001")]
public sealed partial class Reconciler<TKey, TEntry>
    where TKey : notnull
{
    private const int FewKeys = 1000;

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
    private readonly DesiredState<TKey, TEntry> _desired = new();
    private readonly HashSet<TKey> _dirty = [];
    private readonly HashSet<TKey> _contradicted = [];
    private readonly HashSet<TKey> _released = []; // what kept a failed entry out may be gone, so it need not wait
    private readonly Dictionary<TKey, TEntry> _actual = [];
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

    /// <summary>The peers that get nothing, because an older one holds an entry of theirs. It is as of the last change.</summary>
    public IReadOnlyCollection<SubnetKey> Excluded
    {
        get
        {
            lock (_gate) return _desired.Excluded.Count == 0 ? [] : [.. _desired.Excluded.Keys];
        }
    }

    /// <summary>Delivers the current status and then each new one.</summary>
    /// <param name="cancellationToken">Ends the sequence.</param>
    public IAsyncEnumerable<ReconcilerStatus<TKey>> WatchAsync(CancellationToken cancellationToken) => _status.WatchAsync(cancellationToken);

    /// <summary>Replaces the whole desired state. From the first call on, entries that no peer needs are removed.</summary>
    /// <param name="peers">Every peer, with the entries that it needs.</param>
    public void Replace(IReadOnlyCollection<PeerEntries<TKey, TEntry>> peers)
    {
        ArgumentNullException.ThrowIfNull(peers);
        lock (_gate)
        {
            int keys = peers.Sum(static peer => peer.Entries.Count);
            _desired.EnsureCapacity(peers.Count, keys);
            _dirty.EnsureCapacity(keys);
            bool isChanged = _desired.RemoveAllBut([.. peers.Select(static peer => peer.Peer)], _dirty);
            foreach (PeerEntries<TKey, TEntry> peer in peers) isChanged |= _desired.Set(peer, _dirty);
            if (!isChanged && _isWanted) return;
            _isWanted = true;
            MarkUnconverged_NeedsLock();
        }

        Wake();
    }

    /// <summary>Changes the entries of some peers. A peer whose entries are the same costs nothing.</summary>
    /// <param name="removals">Peers that need no entries any more.</param>
    /// <param name="upserts">Peers with the entries that they need; applied after the removals, so a peer may occur in both.</param>
    /// <returns>How many of <paramref name="upserts"/> changed.</returns>
    public int Change(IEnumerable<SubnetKey> removals, IEnumerable<PeerEntries<TKey, TEntry>> upserts)
    {
        ArgumentNullException.ThrowIfNull(removals);
        ArgumentNullException.ThrowIfNull(upserts);
        int changed = 0;
        lock (_gate)
        {
            int before = _dirty.Count;
            bool isChanged = false;
            foreach (SubnetKey peer in removals) isChanged |= _desired.Remove(peer, _dirty);
            foreach (PeerEntries<TKey, TEntry> peer in upserts) changed += _desired.Set(peer, _dirty) ? 1 : 0;
            if (!isChanged && changed == 0) return 0;
            Wake(); // before those who watch the status: they run on the processors that the loop needs now
            if (_dirty.Count > before) MarkUnconverged_NeedsLock();
        }

        return changed;
    }

    /// <summary>Says that the kernel reported an entry. A report that agrees with the desired state costs nothing.</summary>
    /// <param name="key">The entry's identity.</param>
    /// <param name="entry">The entry as it is now.</param>
    public void Observe(TKey key, TEntry entry)
    {
        lock (_gate)
        {
            if (_desired.TryGet(key, out TEntry? desired) && EqualityComparer<TEntry>.Default.Equals(desired, entry))
            {
                if (!_isApplying) _actual[key] = entry;
                return;
            }

            _actual[key] = entry;
            Contradict_NeedsLock(key);
        }

        Wake();
    }

    /// <summary>Says that the kernel reported the removal of an entry, or of something else in its place.</summary>
    /// <param name="key">The entry's identity.</param>
    public void ObserveRemoval(TKey key)
    {
        lock (_gate)
        {
            _actual.Remove(key);
            if (!_desired.TryGet(key, out _)) return;
            _released.Add(key);
            Contradict_NeedsLock(key);
        }

        Wake();
    }

    /// <summary>Asks for everything to be read and compared again: notifications were lost, or something larger broke.</summary>
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
