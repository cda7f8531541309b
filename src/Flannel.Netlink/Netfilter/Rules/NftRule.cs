using System.Collections.Immutable;

namespace Flannel.Netlink.Netfilter.Rules;

/// <summary>A rule of a chain.</summary>
/// <param name="Family">The table's family.</param>
/// <param name="Table">The table's name.</param>
/// <param name="Chain">The chain's name.</param>
public sealed record NftRule(NftFamily Family, string Table, string Chain)
{
    /// <summary>Its steps, in order.</summary>
    public required ImmutableArray<NftExpression> Expressions { get; init; }

    /// <summary>What nft shows as comment.</summary>
    /// <value>At most 253 bytes of UTF-8; <see langword="null"/> for none.</value>
    public string? Comment { get; init; }

    /// <summary>The number that the kernel gave it, by which it is deleted or replaced; 0 of a rule that was not read from the kernel.</summary>
    public ulong Handle { get; init; }

    /// <summary>
    /// Whether two rules stand in the same chain, do the same and have the same comment. <see cref="Handle"/> and counts are not looked at.
    /// </summary>
    /// <param name="other">Another rule.</param>
    /// <returns>Whether they are equal.</returns>
    public bool Equals(NftRule? other) =>
        other is not null
        && (Family, Table, Chain, Comment) == (other.Family, other.Table, other.Chain, other.Comment)
        && Expressions.AsSpan().SequenceEqual(other.Expressions.AsSpan());

    /// <summary>Where it stands and its expressions, for logs and tests.</summary>
    /// <returns>For example <c>Inet guard other 2: NftCount { Packets = 0, Bytes = 0 }; NftVerdict { Kind = Accept, Chain =  }</c>.</returns>
    public override string ToString() => $"{Family} {Table} {Chain} {Handle}: {string.Join("; ", Expressions.IsDefault ? [] : Expressions)}";

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Family, Table, Chain, Comment, Expressions.Length);
}
