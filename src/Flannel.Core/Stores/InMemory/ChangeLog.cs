using Flannel.Extensibility;

namespace Flannel.Core.Stores.InMemory;

/// <summary>
/// The latest changes of an <see cref="InMemoryLeaseStore"/>, one per revision, each with what it replaced, so that it can be read forwards
/// (watching) and backwards (listing the past). Not safe for concurrent use.
/// </summary>
internal sealed class ChangeLog
{
    /// <summary>The key under which the network configuration is kept; no lease has it.</summary>
    public const string ConfigKey = "";

    private readonly Record[] _ring;

    /// <param name="limit">How many changes are kept; older ones count as compacted away.</param>
    public ChangeLog(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        _ring = new Record[limit];
    }

    /// <summary>The revision of the newest change; 0 before the first.</summary>
    public long Newest { get; private set; }

    /// <summary>Every change after this revision is kept. The state at this revision can still be told, at older ones it cannot.</summary>
    public long Floor { get; private set; }

    /// <summary>Records the change that makes the next revision.</summary>
    public void Append(StoreChange change, StoredEntry? before)
    {
        Newest++;
        Slot(Newest) = new Record(change, before);
        if (Newest - Floor > _ring.Length)
            Floor++;
    }

    /// <summary>Forgets every change up to <paramref name="revision"/>.</summary>
    public void Compact(long revision)
    {
        revision = Math.Min(revision, Newest);
        // References are dropped only as far as the ring reaches: what is older has been overwritten already.
        for (; Floor < revision; Floor++)
            Slot(Floor + 1) = default;
    }

    /// <summary>The changes after <paramref name="revision"/>, which must not be below <see cref="Floor"/>.</summary>
    public StoreChanges After(long revision)
    {
        var changes = new List<StoreChange>((int)(Newest - revision));
        StoredEntry? config = null;
        bool isConfigDeleted = false;
        for (long next = revision + 1; next <= Newest; next++)
        {
            StoreChange change = Slot(next).Change;
            if (change.Key != ConfigKey)
                changes.Add(change);
            else
                (config, isConfigDeleted) = (change.Entry, change.Entry is null);
        }

        return new StoreChanges(changes, Newest)
        {
            Config = config?.Value,
            ConfigRevision = config?.ModRevision ?? 0,
            IsConfigDeleted = isConfigDeleted,
        };
    }

    /// <summary>Takes the changes after <paramref name="revision"/> back out of <paramref name="entries"/>, the newest state.</summary>
    public void Undo(Dictionary<string, StoredEntry> entries, long revision)
    {
        for (long undone = Newest; undone > revision; undone--)
        {
            Record record = Slot(undone);
            if (record.Before is { } before)
                entries[record.Change.Key] = before;
            else
                entries.Remove(record.Change.Key);
        }
    }

    private ref Record Slot(long revision) => ref _ring[revision % _ring.Length];

    private readonly record struct Record(StoreChange Change, StoredEntry? Before);
}
