namespace Flannel;

/// <summary>A subnet cannot be reserved as asked. Nothing was written.</summary>
public sealed class LeaseRefusedException : LeaseException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="key">The key that was asked for.</param>
    /// <param name="message">What was asked, what was found and what to do.</param>
    /// <param name="conflicting">The leases that are in the way.</param>
    public LeaseRefusedException(LeaseRefusal reason, string key, string message, IReadOnlyList<StoredLease>? conflicting = null)
        : base(message) => (Reason, Key, Conflicting) = (reason, key, conflicting ?? []);

    /// <summary>Why.</summary>
    public LeaseRefusal Reason { get; }

    /// <summary>The key that was asked for.</summary>
    public string Key { get; }

    /// <summary>The leases that are in the way; empty if none is.</summary>
    public IReadOnlyList<StoredLease> Conflicting { get; }
}
