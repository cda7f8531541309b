namespace Flannel.Core.Stores;

/// <summary>One item of <see cref="ILeaseStore.WatchAsync"/>: <see cref="StoreSnapshot"/> or <see cref="StoreChanges"/>. The set is closed.</summary>
public abstract record StoreWatchResult
{
    private protected StoreWatchResult(long revision) => Revision = revision;

    /// <summary>The store revision up to which everything has been delivered; a watch resumes at the one after it.</summary>
    public long Revision { get; }
}
