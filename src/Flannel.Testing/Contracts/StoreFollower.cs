using Flannel.Extensibility;

namespace Flannel.Testing.Contracts;

/// <summary>
/// Follows a watch from a listing on, as a node does: what it knows is what was listed and everything that was delivered since. It checks what holds
/// for every item of every watch.
/// </summary>
internal sealed class StoreFollower : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly IAsyncEnumerator<StoreEvent> _items;
    private readonly TimeSpan _patience;
    private Task<bool> _next;

    private StoreFollower(ILeaseStore store, StoreSnapshot known, TimeSpan patience)
    {
        _patience = patience;
        Take(known);
        _items = store.WatchAsync(known.Revision, _stop.Token).GetAsyncEnumerator(CancellationToken.None);
        _next = _items.MoveNextAsync().AsTask();
    }

    /// <summary>The entries as last delivered.</summary>
    public Dictionary<string, StoredEntry> Entries { get; } = new(StringComparer.Ordinal);

    /// <summary>The configuration as last delivered.</summary>
    public ReadOnlyMemory<byte>? Config { get; private set; }

    /// <summary>The revision up to which everything was delivered.</summary>
    public long Revision { get; private set; }

    /// <summary>Every change that was delivered, in order.</summary>
    public List<StoreChange> Changes { get; } = [];

    /// <summary>Opens a watch; it is running when this returns.</summary>
    public static StoreFollower Open(ILeaseStore store, StoreSnapshot known, TimeSpan patience) => new(store, known, patience);

    /// <summary>The next item that says more than that the watch is alive.</summary>
    public async Task<StoreEvent> NextAsync()
    {
        while (true)
        {
            Expect.That(await Expect.InTimeAsync(_next, "The next item of the watch", _patience), "The watch ended by itself.");
            StoreEvent item = _items.Current;
            _next = _items.MoveNextAsync().AsTask();
            Take(item);
            if (!IsSignOfLife(item)) return item;
        }
    }

    /// <summary>Reads on until everything up to a revision was delivered.</summary>
    public async Task ReachAsync(long revision)
    {
        while (Revision < revision) await NextAsync();
    }

    /// <summary>Whether an item that says something is there already.</summary>
    public bool HasNews => _next.IsCompletedSuccessfully && !IsSignOfLife(_items.Current);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await Expect.InTimeAsync(_next, "The end of a watch that was cancelled", _patience);
        }
        catch (Exception ending) when (ending is OperationCanceledException or StoreException)
        {
            // This is how a watch ends; if it failed, its reader was told.
        }

        await _items.DisposeAsync();
        _stop.Dispose();
    }

    private static bool IsSignOfLife(StoreEvent item) => item is StoreChanges { Changes.Count: 0, Config: null, IsConfigDeleted: false };

    private void Take(StoreEvent item)
    {
        Expect.That(item.Revision >= Revision, $"An item went back from revision {Revision} to {item.Revision}.");
        if (item is StoreSnapshot snapshot) TakeAll(snapshot);
        else TakeChanges((StoreChanges)item);
        Revision = item.Revision;
    }

    private void TakeAll(StoreSnapshot snapshot)
    {
        Entries.Clear();
        foreach (StoredEntry entry in snapshot.Entries)
        {
            Expect.That(
                entry.ModRevision <= snapshot.Revision,
                $"A snapshot of revision {snapshot.Revision} holds {entry.Key} of revision {entry.ModRevision}.");
            Expect.That(Entries.TryAdd(entry.Key, entry), $"A snapshot holds {entry.Key} twice.");
        }

        Config = snapshot.Config;
    }

    private void TakeChanges(StoreChanges item)
    {
        foreach (StoreChange change in item.Changes)
        {
            if (change.Entry is { } entry)
            {
                Expect.That(
                    entry.Key == change.Key && entry.ModRevision > Revision && entry.ModRevision <= item.Revision,
                    $"An item from {Revision} to {item.Revision} brings {entry.Key} of revision {entry.ModRevision} under the key {change.Key}.");
                Entries[change.Key] = entry;
            }
            else
            {
                Expect.That(Entries.Remove(change.Key), $"{change.Key} was deleted twice, or its creation was lost.");
            }

            Changes.Add(change);
        }

        if (item.IsConfigDeleted) Config = null;
        else if (item.Config is { } config) Config = config;
    }
}
