using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Flannel.Extensibility;

namespace Flannel;

public sealed partial class InMemoryLeaseStore
{
    // Every watcher reads the one log at its own pace; all it owns is a channel with room for a single wake-up.
    private static readonly BoundedChannelOptions OneWakeUp = new(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true };

    private ImmutableArray<ChannelWriter<bool>> _watchers = [];

    /// <inheritdoc />
    /// <remarks>
    /// What a watcher missed while it was busy comes as one item. A watcher that missed more than the store remembers gets a snapshot. Cancelling
    /// ends the sequence by an <see cref="OperationCanceledException"/>.
    /// </remarks>
    public async IAsyncEnumerable<StoreEvent> WatchAsync(long afterRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var wakeUp = Channel.CreateBounded<bool>(OneWakeUp);
        ImmutableInterlocked.Update(ref _watchers, static (watchers, added) => watchers.Add(added), wakeUp.Writer);
        try
        {
            long seen = afterRevision;
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (ReadAfter(seen) is { } missed)
                {
                    seen = missed.Revision;
                    yield return missed;
                }
                else
                {
                    await wakeUp.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            ImmutableInterlocked.Update(ref _watchers, static (watchers, removed) => watchers.Remove(removed), wakeUp.Writer);
        }
    }

    private StoreEvent? ReadAfter(long revision)
    {
        lock (_lock)
        {
            if (revision >= _log.Newest)
                return null;
            return revision < _log.Floor ? Snapshot_NeedsLock() : _log.After(revision);
        }
    }

    // Outside the lock, so that a thousand watchers do not hold up the next writer.
    private void WakeWatchers()
    {
        foreach (ChannelWriter<bool> watcher in _watchers)
            watcher.TryWrite(true);
    }
}
