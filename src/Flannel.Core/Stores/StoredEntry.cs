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
    /// Why the document could not be read although its key is there (it is larger than the store transfers); <see langword="null"/> for a document
    /// that was read. <see cref="Value"/> is empty then.
    /// </summary>
    public string? Unreadable { get; init; }

    /// <summary>
    /// Tells one claim to the entry from another: it changes when the entry is created or claimed (<see cref="ILeaseStore.ClaimAsync"/>) and stays
    /// while it is updated. 0 for a reservation, and in a store that cannot tell. etcd: the number of the etcd lease that the key hangs on.
    /// </summary>
    public long ClaimId { get; init; }

    /// <summary>Whether both are the same entry with the same bytes.</summary>
    /// <param name="other">The other entry.</param>
    public bool Equals(StoredEntry? other) =>
        ReferenceEquals(this, other)
        || (other is not null
            && (Key, CreateRevision, ModRevision, HasTimeToLive, ClaimId, Unreadable)
                == (other.Key, other.CreateRevision, other.ModRevision, other.HasTimeToLive, other.ClaimId, other.Unreadable)
            && Value.Span.SequenceEqual(other.Value.Span));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Key, ModRevision);

    /// <summary>The key, its revisions and how long the document is; not what stands in it.</summary>
    public override string ToString() =>
        $"{VisibleText.Of(Key)} (created at {CreateRevision}, changed at {ModRevision}, " +
        $"{(HasTimeToLive ? "" : "reservation, ")}{Unreadable ?? $"{Value.Length} bytes"})";
}
