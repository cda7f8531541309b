using System.Collections.Immutable;
using Flannel.Netlink.Netfilter.Rules;

namespace Flannel.Netlink.Netfilter.Sets;

/// <summary>A set, or a map where it has values: keys that a rule looks packets up in.</summary>
/// <param name="Family">The table's family.</param>
/// <param name="Table">The table's name.</param>
/// <param name="Name">Its name, unique in its table.</param>
public sealed record NftSet(NftFamily Family, string Table, string Name)
{
    /// <summary>What a key is; several are a concatenation.</summary>
    /// <value>1 to 5 types.</value>
    public required ImmutableArray<NftDataType> Key { get; init; }

    /// <summary>
    /// What of a packet is looked up, one field for each part of the key: an address of IP, or other bytes as <see cref="NftDataType.Bytes"/>. Only
    /// nft looks at it, which cannot load what it has listed of such bytes without; it is written and not read.
    /// </summary>
    public ImmutableArray<NftField> KeyFields { get; init; } = [];

    /// <summary>
    /// Whether an element is all keys from one to another. In a concatenation each part is a range for itself; such sets need kernel 5.6. A change of
    /// one costs the kernel time in proportion to its size, a change of any other set does not.
    /// </summary>
    public bool IsInterval { get; init; }

    /// <summary>What a value is; none of a set. Several are a concatenation.</summary>
    /// <value>0 to 5 types.</value>
    public ImmutableArray<NftDataType> Value { get; init; } = [];

    /// <summary>
    /// How many elements there may be at most; more are refused (<c>ENFILE</c>). With it the kernel makes the table of hashes once, which adds
    /// elements faster and finds them faster; without it, it grows. <see langword="null"/> for no limit.
    /// </summary>
    public int? Size { get; init; }

    /// <summary>What nft shows as comment.</summary>
    /// <value>At most 240 bytes of UTF-8; <see langword="null"/> for none.</value>
    public string? Comment { get; init; }

    internal bool IsMap => !Value.IsDefaultOrEmpty;

    internal bool IsConcatenation => Key.Length > 1;

    /// <summary>Whether two sets have the same name, types, size and comment.</summary>
    /// <param name="other">Another set.</param>
    /// <returns>Whether they are equal.</returns>
    public bool Equals(NftSet? other) =>
        other is not null
        && (Family, Table, Name, IsInterval, Size, Comment) == (other.Family, other.Table, other.Name, other.IsInterval, other.Size, other.Comment)
        && Key.AsSpan().SequenceEqual(other.Key.AsSpan())
        && Value.AsSpan().SequenceEqual(other.Value.AsSpan());

    /// <summary>Family, table, name and what its elements are, for logs and tests.</summary>
    /// <returns>For example <c>Inet guard inner: EthernetAddress . IPv4Address, intervals</c>.</returns>
    public override string ToString() =>
        $"{Family} {Table} {Name}: " +
        $"{string.Join(" . ", Key.IsDefault ? [] : Key)}{(IsMap ? $" to {string.Join(" . ", Value)}" : "")}{(IsInterval ? ", intervals" : "")}";

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Family, Table, Name);
}
