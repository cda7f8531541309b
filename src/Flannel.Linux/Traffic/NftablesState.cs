using System.Collections.Immutable;
using System.Runtime.Versioning;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Rules;
using Flannel.Netlink.Netfilter.Tables;

namespace Flannel.Linux.Traffic;

/// <summary>What a table of nftables holds, wanted or found. Two are equal if the same stands in them in the same order.</summary>
/// <param name="Table">The table with its comment.</param>
/// <param name="Chains">Its chains; each one's name is unique, so their order says nothing.</param>
/// <param name="Rules">The rules of all chains, in order within each.</param>
/// <param name="Others">Names of its sets and counters, of which none are wanted.</param>
internal sealed record NftablesState(
    NftTable Table, ImmutableArray<NftChain> Chains, ImmutableArray<NftRule> Rules, ImmutableArray<string> Others)
{
    private const int LooksAtMost = 5;

    /// <summary>Reads a table. It takes several questions, so it begins again when somebody changed something in between.</summary>
    /// <returns><see langword="null"/> if there is no such table.</returns>
    /// <exception cref="TrafficRulesException">Somebody kept changing something.</exception>
    /// <exception cref="Flannel.Netlink.NetlinkException">The kernel refused or did not answer.</exception>
    [SupportedOSPlatform("linux")]
    public static NftablesState? Read(NftablesNetlink nftables, NftablesTable wanted)
    {
        (NftFamily family, string name) = (wanted.Family, wanted.Name);
        for (int look = 0; look < LooksAtMost; look++)
        {
            uint generation = nftables.GetGeneration();
            NftTable? table = nftables.GetTables(family).FirstOrDefault(table => table.Name == name);
            NftablesState? found = table is null
                ? null
                : new NftablesState(
                    table,
                    [.. nftables.GetChains(family, name)],
                    [.. nftables.GetRules(family, name)],
                    [
                        .. nftables.GetSets(family, name).Select(static set => $"set {set.Name}"),
                        .. nftables.GetCounters(family, name).Select(static counter => $"counter {counter.Name}"),
                    ]);
            if (nftables.GetGeneration() == generation)
                return found;
        }

        throw new TrafficRulesException(
            $"The nftables table {name} cannot be read: somebody keeps changing rules. It is tried again.", isTransient: true);
    }

    /// <inheritdoc/>
    public bool Equals(NftablesState? other) =>
        other is not null
        && Table == other.Table
        && Chains.OrderBy(static chain => chain.Name, StringComparer.Ordinal)
            .SequenceEqual(other.Chains.OrderBy(static chain => chain.Name, StringComparer.Ordinal))
        && Rules.OrderBy(static rule => rule.Chain, StringComparer.Ordinal)
            .SequenceEqual(other.Rules.OrderBy(static rule => rule.Chain, StringComparer.Ordinal))
        && Others.SequenceEqual(other.Others);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Table.Name, Chains.Length, Rules.Length, Others.Length);
}
