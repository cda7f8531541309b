using System.Text;
using Flannel.Core.Stores.InMemory;
using Flannel.Extensibility;

namespace Flannel;

/// <summary>
/// A lease store in this process's memory, shared by any number of nodes: for a cluster inside one process (tests, simulations) and for orchestrators
/// that host all nodes themselves. It behaves as an etcd prefix does: one revision per write, times to live, reservations, history, compaction.
/// </summary>
/// <remarks>
/// <para>All members are safe for concurrent use. Renewing an entry does not change the store's revision, so peers do not notice.</para>
/// <para>The store keeps a bounded number of past changes. A watcher that falls behind further than that gets a snapshot instead, so that no
/// watcher, however slow, costs memory.</para>
/// </remarks>
public sealed partial class InMemoryLeaseStore : ILeaseStore
{
    /// <summary>How many past changes a store keeps if it is not told otherwise.</summary>
    public const int DefaultHistoryLimit = 8192;

    private readonly TimeProvider _time;
    private readonly long _start;

    private readonly Lock _lock = new();

    // Guarded by _lock. The network configuration is one of the slots.
    private readonly Dictionary<string, Slot> _slots = new(StringComparer.Ordinal);
    private readonly ChangeLog _log;

    /// <summary>Creates a store that holds a network configuration and no leases.</summary>
    /// <param name="config">
    /// The network configuration as JSON text, for example <c>{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}</c>; <see langword="null"/> for a
    /// store without one. It is not checked here: the nodes that read it report what is wrong with it.
    /// </param>
    /// <param name="timeProvider">The clock that times to live run on; <see langword="null"/> for the system's.</param>
    /// <param name="historyLimit">How many past changes are kept, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="historyLimit"/> is below 1.</exception>
    public InMemoryLeaseStore(string? config, TimeProvider? timeProvider = null, int historyLimit = DefaultHistoryLimit)
    {
        _log = new ChangeLog(historyLimit);
        _time = timeProvider ?? TimeProvider.System;
        _start = _time.GetTimestamp();
        if (config is not null)
            Put_NeedsLock(ChangeLog.ConfigKey, Encoding.UTF8.GetBytes(config), timeToLive: null);
    }

    /// <summary>Creates a store that holds a network configuration and no leases.</summary>
    /// <param name="config">The network configuration.</param>
    /// <param name="timeProvider">The clock that times to live run on; <see langword="null"/> for the system's.</param>
    /// <param name="historyLimit">How many past changes are kept, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="historyLimit"/> is below 1.</exception>
    /// <exception cref="NetworkConfigException">The configuration breaks rules.</exception>
    public InMemoryLeaseStore(NetworkConfig config, TimeProvider? timeProvider = null, int historyLimit = DefaultHistoryLimit)
        : this((config ?? throw new ArgumentNullException(nameof(config))).ToJson(), timeProvider, historyLimit)
    {
    }

    /// <inheritdoc />
    public string ConfigSource => "in-memory lease store";

    /// <inheritdoc />
    public Task<StoreSnapshot> ListAsync(long? revision, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (revision is not { } wanted || wanted == _log.Newest)
                return Task.FromResult(Snapshot_NeedsLock());
            if (wanted > _log.Newest)
                throw new StoreException($"Revision {wanted} was asked for, but the newest revision is {_log.Newest}.", isTransient: false);
            if (wanted < _log.Floor)
            {
                throw new StoreException($"Revision {wanted} was compacted away; the oldest that can be listed is {_log.Floor}.", isTransient: false)
                {
                    Kind = StoreErrorKind.Compacted,
                };
            }

            Dictionary<string, StoredEntry> entries = _slots.ToDictionary(pair => pair.Key, pair => pair.Value.Entry, StringComparer.Ordinal);
            _log.Undo(entries, wanted);
            return Task.FromResult(Snapshot(entries.Values, wanted));
        }
    }

    /// <inheritdoc />
    public Task<StoreWriteResult> CreateAsync(string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ThrowIfNotPositive(timeToLive);
        cancellationToken.ThrowIfCancellationRequested();
        StoredEntry written;
        lock (_lock)
        {
            if (_slots.TryGetValue(key, out Slot? found))
                return Task.FromResult(new StoreWriteResult(false, found.Entry));
            written = Put_NeedsLock(key, value, timeToLive);
        }

        WakeWatchers();
        return Task.FromResult(new StoreWriteResult(true, written));
    }

    /// <inheritdoc />
    public Task<StoreWriteResult> UpdateAsync(
        StoredEntry expected, ReadOnlyMemory<byte> value, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ThrowIfNotPositive(timeToLive);
        cancellationToken.ThrowIfCancellationRequested();
        StoredEntry written;
        lock (_lock)
        {
            if (!Holds_NeedsLock(expected, out Slot? found))
                return Task.FromResult(new StoreWriteResult(false, found?.Entry));
            written = Put_NeedsLock(expected.Key, value, found.Deadline is null ? null : timeToLive, found.Entry.ClaimId);
        }

        WakeWatchers();
        return Task.FromResult(new StoreWriteResult(true, written));
    }

    /// <inheritdoc />
    public Task<StoreWriteResult> RenewAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ThrowIfNotPositive(timeToLive);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            bool held = Holds_NeedsLock(expected, out Slot? found);
            if (held && found!.Deadline is not null)
                SetDeadline_NeedsLock(found, timeToLive);
            return Task.FromResult(new StoreWriteResult(held, found?.Entry));
        }
    }

    /// <inheritdoc />
    public Task<StoreWriteResult> ClaimAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ThrowIfNotPositive(timeToLive);
        cancellationToken.ThrowIfCancellationRequested();
        StoredEntry written;
        lock (_lock)
        {
            if (!Holds_NeedsLock(expected, out Slot? found))
                return Task.FromResult(new StoreWriteResult(false, found?.Entry));
            written = Put_NeedsLock(expected.Key, found.Entry.Value, found.Deadline is null ? null : timeToLive);
        }

        WakeWatchers();
        return Task.FromResult(new StoreWriteResult(true, written));
    }

    /// <inheritdoc />
    public Task<StoreWriteResult> DeleteAsync(StoredEntry expected, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (!Holds_NeedsLock(expected, out Slot? found))
                return Task.FromResult(new StoreWriteResult(false, found?.Entry));
            Delete_NeedsLock(found);
        }

        WakeWatchers();
        return Task.FromResult(new StoreWriteResult(true, null));
    }

    private static void ThrowIfNotPositive(TimeSpan? timeToLive)
    {
        if (timeToLive is { } value)
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero, nameof(timeToLive));
    }

    private bool Holds_NeedsLock(StoredEntry expected, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Slot? found) =>
        _slots.TryGetValue(expected.Key, out found) && found.Entry.ModRevision == expected.ModRevision;

    private StoreSnapshot Snapshot_NeedsLock() => Snapshot(_slots.Values.Select(static slot => slot.Entry), _log.Newest);

    private static StoreSnapshot Snapshot(IEnumerable<StoredEntry> all, long revision)
    {
        var entries = new List<StoredEntry>();
        StoredEntry? config = null;
        foreach (StoredEntry entry in all)
        {
            if (entry.Key == ChangeLog.ConfigKey)
                config = entry;
            else
                entries.Add(entry);
        }

        return new StoreSnapshot(entries, revision) { Config = config?.Value, ConfigRevision = config?.ModRevision ?? 0 };
    }

    private StoredEntry Put_NeedsLock(string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive, long? claimId = null)
    {
        long revision = _log.Newest + 1;
        _slots.TryGetValue(key, out Slot? slot);
        StoredEntry? before = slot?.Entry;
        // The bytes are copied because the caller may reuse its buffer.
        var entry = new StoredEntry(key, value.ToArray(), before?.CreateRevision ?? revision, revision, timeToLive is not null)
        {
            ClaimId = timeToLive is null ? 0 : claimId ?? revision,
        };
        if (slot is null)
            _slots.Add(key, slot = new Slot(entry));
        else
            slot.Entry = entry;
        SetDeadline_NeedsLock(slot, timeToLive);
        _log.Append(new StoreChange(key, entry), before);
        return entry;
    }

    private void Delete_NeedsLock(Slot slot)
    {
        SetDeadline_NeedsLock(slot, null);
        _slots.Remove(slot.Entry.Key);
        _log.Append(new StoreChange(slot.Entry.Key, null), slot.Entry);
    }

    private sealed class Slot(StoredEntry entry)
    {
        public StoredEntry Entry { get; set; } = entry;

        /// <summary>When the entry ends, on the store's own clock; <see langword="null"/> for a reservation.</summary>
        public TimeSpan? Deadline { get; set; }
    }
}
