namespace Flannel;

/// <summary>Somebody else wrote meanwhile what was to be written. Nothing was changed: read again, and decide again.</summary>
public sealed class StoreConflictException : StoreException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was to be written and what was found.</param>
    /// <param name="key">The key that was found changed.</param>
    /// <param name="expectedRevision">The revision that was expected; 0 for none.</param>
    /// <param name="foundRevision">The revision that was found; 0 if the key does not exist.</param>
    public StoreConflictException(string message, string key, long expectedRevision, long foundRevision)
        : base(message, isTransient: false)
    {
        (Key, ExpectedRevision, FoundRevision) = (key, expectedRevision, foundRevision);
        Kind = StoreErrorKind.Conflict;
    }

    /// <summary>The key that was found changed: a lease's below the subnets' directory, or <c>config</c>.</summary>
    public string Key { get; }

    /// <summary>The revision that was expected; 0 if there should have been no such key.</summary>
    public long ExpectedRevision { get; }

    /// <summary>The revision that was found; 0 if there is no such key.</summary>
    public long FoundRevision { get; }
}
