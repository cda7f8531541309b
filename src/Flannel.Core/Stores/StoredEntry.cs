namespace Flannel.Extensibility;

/// <summary>One document below the subnets' directory, not yet decoded.</summary>
/// <param name="Key">The key below the subnets' directory, such as <c>10.5.52.0-24</c>.</param>
/// <param name="Value">The document's bytes.</param>
/// <param name="CreateRevision">The revision that created the key.</param>
/// <param name="ModRevision">The revision that last changed the key.</param>
/// <param name="HasTimeToLive">Whether the key ends by itself; <see langword="false"/> marks a reservation.</param>
public sealed record StoredEntry(string Key, ReadOnlyMemory<byte> Value, long CreateRevision, long ModRevision, bool HasTimeToLive)
{
    /// <summary>
    /// Why the document could not be read although its key is there (it is larger than the store transfers); <see langword="null"/> for a document that
    /// was read. <see cref="Value"/> is empty then.
    /// </summary>
    public string? Unreadable { get; init; }
}
