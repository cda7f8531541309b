using Flannel.Extensibility;

namespace Flannel.Lab.Stores;

/// <summary>One watch of a store, read item by item with a deadline.</summary>
public sealed class StoreWatch : IAsyncDisposable
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private readonly IAsyncEnumerator<StoreEvent> _items;
    private Task<bool> _next;

    private StoreWatch(ILeaseStore store, long afterRevision)
    {
        Revision = afterRevision;
        _items = store.WatchAsync(afterRevision, _stop.Token).GetAsyncEnumerator(CancellationToken.None);
        _next = _items.MoveNextAsync().AsTask();
    }

    /// <summary>The revision up to which everything has been read.</summary>
    public long Revision { get; private set; }

    /// <summary>Whether the next item is there already.</summary>
    public bool HasNext => _next.IsCompleted;

    /// <summary>Opens a watch; it is running when this returns.</summary>
    public static StoreWatch Open(ILeaseStore store, long afterRevision)
    {
        ArgumentNullException.ThrowIfNull(store);
        return new StoreWatch(store, afterRevision);
    }

    /// <summary>The next item.</summary>
    /// <exception cref="TimeoutException">None came within 30 s.</exception>
    public async Task<StoreEvent> NextAsync()
    {
        if (!await _next.WaitAsync(WaitLimit))
            throw new InvalidOperationException("The watch ended by itself.");
        StoreEvent item = _items.Current;
        Revision = item.Revision;
        _next = _items.MoveNextAsync().AsTask();
        return item;
    }

    /// <summary>Exactly the next <paramref name="count"/> changes, however they are batched.</summary>
    /// <exception cref="InvalidOperationException">A snapshot came, or a batch reaches beyond the changes asked for.</exception>
    public async Task<IReadOnlyList<StoreChange>> NextChangesAsync(int count)
    {
        var changes = new List<StoreChange>();
        while (changes.Count < count)
        {
            StoreEvent item = await NextAsync();
            changes.AddRange((item as StoreChanges)?.Changes ?? throw new InvalidOperationException($"Expected changes, got {item}."));
        }

        return changes.Count == count ? changes : throw new InvalidOperationException($"Expected {count} changes, got {changes.Count}.");
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _next;
        }
        catch (OperationCanceledException)
        {
            // This is how a watch ends.
        }

        await _items.DisposeAsync();
        _stop.Dispose();
    }
}
