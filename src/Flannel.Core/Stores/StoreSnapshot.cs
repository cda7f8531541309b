namespace Flannel.Core.Stores;

/// <summary>All entries at one revision.</summary>
public sealed record StoreSnapshot : StoreWatchResult
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
}
