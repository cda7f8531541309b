namespace Flannel.Core.Stores;

/// <summary>What changed since the last item, in the order of the store's revisions.</summary>
public sealed record StoreChanges : StoreWatchResult
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

    /// <summary>Whether the network configuration was deleted since the item before and not put again.</summary>
    public bool IsConfigDeleted { get; init; }
}
