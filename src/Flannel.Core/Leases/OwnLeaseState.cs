namespace Flannel.Core.Leases;

/// <summary>What happened to the own lease.</summary>
public enum OwnLeaseState
{
    /// <summary>The lease was renewed, or its document changed without touching ownership.</summary>
    Renewed,

    /// <summary>The lease was lost or taken, and the node holds the same subnet again. Traffic was not touched.</summary>
    Reacquired,

    /// <summary>The lease is gone and the same subnet could not be taken yet; it is tried again.</summary>
    Lost,

    /// <summary>The subnet belongs to somebody else now. It is never overwritten; it is taken again when it becomes free.</summary>
    Taken,

    /// <summary>The lease could not be renewed before its end, because the store does not answer; whether it still stands is not known.</summary>
    Overdue,
}
