using System.Diagnostics.CodeAnalysis;

namespace Flannel.Extensibility;

/// <summary>One document below the subnets' directory, not yet decoded.</summary>
/// <param name="Key">The key below the subnets' directory, such as <c>10.5.52.0-24</c>.</param>
/// <param name="Value">The document's bytes.</param>
/// <param name="CreateRevision">The revision that created the key.</param>
/// <param name="ModRevision">The revision that last changed the key.</param>
/// <param name="HasTimeToLive">Whether the key ends by itself; <see langword="false"/> marks a reservation.</param>
public sealed record StoredEntry(string Key, ReadOnlyMemory<byte> Value, long CreateRevision, long ModRevision, bool HasTimeToLive)
{
    private ReadDocument? _read;

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

    /// <summary>
    /// Reads the document. A node that starts asks three times, each time of thousands of entries: for its own lease, for a free subnet, for its
    /// peers.
    /// </summary>
    internal bool TryRead([NotNullWhen(true)] out LeaseAttributes? attributes, [NotNullWhen(false)] out string? problem)
    {
        ReadDocument? read = _read;
        if (read is null || !read.Value.Equals(Value)) _read = read = ReadDocument.Of(Value); // else a copy may have another document
        problem = read.Problem;
        attributes = read.Attributes;
        return attributes is not null;
    }

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
        $"{VisibleText.Of(Key, 128)} (created at {CreateRevision}, changed at {ModRevision}, " +
        $"{(HasTimeToLive ? "" : "reservation, ")}{Unreadable ?? $"{Value.Length} bytes"})";

    private sealed record ReadDocument(ReadOnlyMemory<byte> Value, LeaseAttributes? Attributes, string? Problem)
    {
        public static ReadDocument Of(ReadOnlyMemory<byte> value) =>
            LeaseAttributes.TryParse(value, out LeaseAttributes? attributes, out string? problem)
                ? new ReadDocument(value, attributes, null)
                : new ReadDocument(value, null, problem);
    }
}
