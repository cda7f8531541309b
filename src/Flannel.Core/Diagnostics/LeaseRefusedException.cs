namespace Flannel;

/// <summary>A subnet cannot be reserved as asked. Nothing was written.</summary>
public sealed class LeaseRefusedException : LeaseException
{
    internal LeaseRefusedException(LeaseRefusal reason, string key, string message, IReadOnlyList<StoredLease>? conflicting = null)
        : base(message) => (Reason, Key, Conflicting) = (reason, key, conflicting ?? []);

    /// <summary>Why.</summary>
    public LeaseRefusal Reason { get; }

    /// <summary>The key that was asked for.</summary>
    public string Key { get; }

    /// <summary>The leases that are in the way; empty if none is.</summary>
    public IReadOnlyList<StoredLease> Conflicting { get; }
}
