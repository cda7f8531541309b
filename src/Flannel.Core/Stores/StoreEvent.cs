using Flannel.Core.State;

namespace Flannel.Extensibility;

/// <summary>One item of <see cref="ILeaseStore.WatchAsync"/>: <see cref="StoreSnapshot"/> or <see cref="StoreChanges"/>. The set is closed.</summary>
public abstract record StoreEvent
{
    private protected StoreEvent(long revision) => Revision = revision;

    /// <summary>The store revision up to which everything has been delivered; a watch resumes at the one after it.</summary>
    public long Revision { get; }
}

/// <summary>All entries at one revision.</summary>
public sealed record StoreSnapshot : StoreEvent
{
    /// <summary>Creates the snapshot.</summary>
    /// <param name="entries">Every entry at <paramref name="revision"/>.</param>
    /// <param name="revision">The revision that the snapshot shows.</param>
    public StoreSnapshot(IReadOnlyList<StoredEntry> entries, long revision)
        : base(revision) => Entries = entries;

    /// <summary>Every entry at the snapshot's revision, in no particular order.</summary>
    public IReadOnlyList<StoredEntry> Entries { get; }

    /// <summary>The network configuration document at the same revision, or <see langword="null"/> if there is none.</summary>
    public ReadOnlyMemory<byte>? Config { get; init; }

    /// <summary>
    /// The revision that wrote <see cref="Config"/>; 0 if there is none. A store that cannot tell says 0 as well: its configuration cannot be written
    /// by <see cref="ILeaseStore.WriteConfigAsync"/>.
    /// </summary>
    public long ConfigRevision { get; init; }

    /// <summary>Whether both show the same entries in the same order, and the same configuration, at the same revision.</summary>
    /// <param name="other">The other snapshot.</param>
    public bool Equals(StoreSnapshot? other) =>
        ReferenceEquals(this, other)
        || (other is not null && Revision == other.Revision && ConfigRevision == other.ConfigRevision
            && Contents.AreSame(Config, other.Config) && Contents.AreSame(Entries, other.Entries));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Revision, Entries.Count);

    /// <summary>The keys on one line.</summary>
    public override string ToString() =>
        $"{Entries.Count} entries at revision {Revision}: " +
        $"{Contents.Show(Entries.Select(static entry => entry.Key), Entries.Count)}{(Config is null ? ", no configuration" : "")}";
}

/// <summary>What changed since the last item, in the order of the store's revisions.</summary>
public sealed record StoreChanges : StoreEvent
{
    /// <summary>Creates the changes.</summary>
    /// <param name="changes">The changes in revision order.</param>
    /// <param name="revision">The revision up to which the changes reach.</param>
    public StoreChanges(IReadOnlyList<StoreChange> changes, long revision)
        : base(revision) => Changes = changes;

    /// <summary>The changes in revision order; a key may occur more than once.</summary>
    public IReadOnlyList<StoreChange> Changes { get; }

    /// <summary>The network configuration document as last put since the item before, or <see langword="null"/> if nobody put it.</summary>
    public ReadOnlyMemory<byte>? Config { get; init; }

    /// <summary>The revision that wrote <see cref="Config"/>; 0 if nobody put it.</summary>
    public long ConfigRevision { get; init; }

    /// <summary>Whether the network configuration was deleted since the item before and not put again.</summary>
    public bool IsConfigDeleted { get; init; }

    /// <summary>Whether both are the same changes in the same order up to the same revision.</summary>
    /// <param name="other">The other changes.</param>
    public bool Equals(StoreChanges? other) =>
        ReferenceEquals(this, other)
        || (other is not null && Revision == other.Revision && ConfigRevision == other.ConfigRevision && IsConfigDeleted == other.IsConfigDeleted
            && Contents.AreSame(Config, other.Config) && Contents.AreSame(Changes, other.Changes));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Revision, Changes.Count, IsConfigDeleted);

    /// <summary>The changes on one line.</summary>
    public override string ToString() =>
        $"{Changes.Count} changes up to revision {Revision}: " +
        $"{Contents.Show(Changes)}{(IsConfigDeleted ? ", configuration deleted" : Config is null ? "" : ", configuration put")}";
}

/// <summary>One key that was put or deleted.</summary>
/// <param name="Key">The key below the subnets' directory.</param>
/// <param name="Entry">The entry as put, or <see langword="null"/> if the key was deleted or has expired.</param>
public readonly record struct StoreChange(string Key, StoredEntry? Entry)
{
    /// <summary>The key, and whether it was put or deleted.</summary>
    public override string ToString() => Entry is null ? $"{Key} deleted" : $"{Key} put";
}
