using Flannel.Core.Stores.InMemory;
using Flannel.Extensibility;

namespace Flannel;

/// <content>What administration needs of a store.</content>
public sealed partial class InMemoryLeaseStore
{
    /// <inheritdoc />
    public Task<StoreConfigResult> WriteConfigAsync(ReadOnlyMemory<byte>? document, long? expectedRevision, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        StoredEntry? written = null;
        lock (_lock)
        {
            _slots.TryGetValue(ChangeLog.ConfigKey, out Slot? found);
            if (expectedRevision is { } expected && expected != (found?.Entry.ModRevision ?? 0))
                return Task.FromResult(new StoreConfigResult(false, found?.Entry.Value, found?.Entry.ModRevision ?? 0));
            if (document is { } bytes)
                written = Put_NeedsLock(ChangeLog.ConfigKey, bytes, timeToLive: null);
            else if (found is not null)
                Delete_NeedsLock(found);
        }

        WakeWatchers();
        return Task.FromResult(new StoreConfigResult(true, written?.Value, written?.ModRevision ?? 0));
    }

    /// <inheritdoc />
    public Task<StoreWriteResult> SetTimeToLiveAsync(StoredEntry expected, TimeSpan? timeToLive, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ThrowIfNotPositive(timeToLive);
        cancellationToken.ThrowIfCancellationRequested();
        StoredEntry written;
        lock (_lock)
        {
            if (!Holds_NeedsLock(expected, out Slot? found))
                return Task.FromResult(new StoreWriteResult(false, found?.Entry));
            if (timeToLive is null && found.Deadline is null)
                return Task.FromResult(new StoreWriteResult(true, found.Entry));
            written = Put_NeedsLock(expected.Key, found.Entry.Value, timeToLive);
        }

        WakeWatchers();
        return Task.FromResult(new StoreWriteResult(true, written));
    }

    /// <inheritdoc />
    public Task<IReadOnlyDictionary<string, TimeSpan>> ReadTimesLeftAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        cancellationToken.ThrowIfCancellationRequested();
        var left = new Dictionary<string, TimeSpan>(StringComparer.Ordinal);
        lock (_lock)
        {
            foreach (string key in keys)
            {
                if (_slots.TryGetValue(key, out Slot? slot) && slot.Deadline is { } deadline)
                    left[key] = deadline - Elapsed;
            }
        }

        return Task.FromResult<IReadOnlyDictionary<string, TimeSpan>>(left);
    }
}
