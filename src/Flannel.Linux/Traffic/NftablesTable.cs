using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Flannel.Extensibility;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Rules;
using Flannel.Netlink.Netfilter.Tables;

namespace Flannel.Linux.Traffic;

/// <summary>The table of one address family, with flannel's chains, comments and priorities.</summary>
internal sealed class NftablesTable
{
    private const string ForwardChain = "forward";
    private const string MasqueradeChain = "postrtg";
    private const int FilterPriority = 0; // nft's name for it: filter
    private const int SourceNatPriority = 100; // srcnat

    private readonly TrafficRange? _range;
    private readonly TrafficPolicy _policy;
    private readonly bool _isIPv4;
    private readonly Dictionary<NftRule, string> _texts = []; // of rules that have been wanted

    public NftablesTable(TrafficPolicy policy, TrafficNames names, AddressFamily family)
    {
        _policy = policy;
        _range = policy.Ranges.FirstOrDefault(range => range.Network.BaseAddress.AddressFamily == family);
        _isIPv4 = family == AddressFamily.InterNetwork;
        Family = _isIPv4 ? NftFamily.IPv4 : NftFamily.IPv6;
        Name = names.Table(family);
    }

    public NftFamily Family { get; }

    /// <summary>The table's name.</summary>
    public string Name { get; }

    /// <summary>The table as nft is asked for it.</summary>
    public string Title => $"table {Keyword} {Name}";

    /// <summary>Whether there should be such a table.</summary>
    public bool IsWanted => _range is not null && (_policy.Masquerade || _policy.Forward);

    /// <summary>How nft calls the address family.</summary>
    private string Keyword => _isIPv4 ? "ip" : "ip6";

    /// <summary>What the table holds.</summary>
    /// <param name="ports">How masquerading chooses source ports.</param>
    public NftablesState Wanted(NftMasqueradeFlags ports)
    {
        ImmutableArray<NftChain>.Builder chains = ImmutableArray.CreateBuilder<NftChain>();
        ImmutableArray<NftRule>.Builder rules = ImmutableArray.CreateBuilder<NftRule>();
        if (_policy.Forward)
        {
            Add(
                ForwardChain,
                "chain to accept flannel traffic",
                new NftBaseChain(NftChainType.Filter, NftHook.Forward, FilterPriority),
                TrafficRule.Forward(_range!));
        }

        if (_policy.Masquerade)
        {
            Add(
                MasqueradeChain,
                "chain to manage traffic masquerading by flannel",
                new NftBaseChain(NftChainType.Nat, NftHook.Postrouting, SourceNatPriority),
                TrafficRule.Masquerade(_range!, _policy.MasqueradeExclusions));
        }

        return new NftablesState(
            new NftTable(Family, Name) { Comment = $"rules for {Name}" }, chains.DrainToImmutable(), rules.DrainToImmutable(), Others: []);

        void Add(string chain, string comment, NftBaseChain entry, ImmutableArray<TrafficRule> list)
        {
            chains.Add(new NftChain(Family, Name, chain) { Base = entry, Comment = comment });
            foreach (TrafficRule rule in list)
            {
                var compiled = new NftRule(Family, Name, chain) { Expressions = Compile(rule, ports) };
                rules.Add(compiled);
                _texts.TryAdd(compiled, ToText(rule, ports));
            }
        }
    }

    /// <summary>The transaction that puts this table in the place of whatever has its name.</summary>
    public static NftablesBatch Replacement(NftablesState wanted)
    {
        var batch = new NftablesBatch();
        batch.ReplaceTable(wanted.Table);
        foreach (NftChain chain in wanted.Chains)
            batch.AddChain(chain);
        foreach (NftRule rule in wanted.Rules)
            batch.AddRule(rule);
        return batch;
    }

    /// <summary>The transaction that removes the table.</summary>
    public NftablesBatch Removal()
    {
        var batch = new NftablesBatch();
        batch.DeleteTable(Family, Name);
        return batch;
    }

    /// <summary>Says line by line what a state holds, in nft's words where it is what this table holds.</summary>
    public IReadOnlyList<string> Describe(NftablesState state)
    {
        List<string> lines = [$"comment \"{state.Table.Comment}\""];
        if (state.Table.IsDormant)
            lines.Add("flags dormant");
        lines.AddRange(state.Others);
        foreach (NftChain chain in state.Chains)
        {
            lines.Add(chain.Base is { } entry
                ? $"chain {chain.Name} of type {entry.Type}, hook {entry.Hook}, priority {entry.Priority}, policy " +
                    $"{(entry.DropsByDefault ? "drop" : "accept")}"
                : $"chain {chain.Name}");
            lines.AddRange(state.Rules.Where(rule => rule.Chain == chain.Name)
                .Select(rule => _texts.GetValueOrDefault(rule) ?? $"a rule in {rule.Chain}, handle {rule.Handle}"));
        }

        return lines;
    }

    private ImmutableArray<NftExpression> Compile(TrafficRule rule, NftMasqueradeFlags ports)
    {
        ImmutableArray<NftExpression>.Builder expressions = ImmutableArray.CreateBuilder<NftExpression>();
        if (rule.IsMarked)
            expressions.AddRange(NftMatch.Has(NftField.Mark, NftValue.OfUInt32(TrafficRule.Mark), NftValue.OfUInt32(TrafficRule.Mark)));
        if (rule.Source is { } source)
            expressions.AddRange(NftMatch.In(_isIPv4 ? NftField.IPv4Source : NftField.IPv6Source, source.Network, source.IsNot));
        if (rule.Destination is { } destination)
            expressions.AddRange(NftMatch.In(_isIPv4 ? NftField.IPv4Destination : NftField.IPv6Destination, destination.Network, destination.IsNot));
        expressions.Add(rule.Action switch
        {
            RuleAction.Return => NftVerdict.Return,
            RuleAction.Accept => NftVerdict.Accept,
            _ => new NftMasquerade(ports),
        });
        return expressions.DrainToImmutable();
    }

    private string ToText(TrafficRule rule, NftMasqueradeFlags ports)
    {
        var text = new StringBuilder();
        if (rule.IsMarked)
            text.Append(CultureInfo.InvariantCulture, $"meta mark & 0x{TrafficRule.Mark:x8} == 0x{TrafficRule.Mark:x8} ");
        Match("saddr", rule.Source);
        Match("daddr", rule.Destination);
        return text.Append(rule.Action switch
        {
            RuleAction.Return => "return",
            RuleAction.Accept => "accept",
            _ => ports == NftMasqueradeFlags.None ? "masquerade" : "masquerade fully-random",
        }).ToString();

        void Match(string field, AddressMatch? match)
        {
            if (match is { } wanted)
                text.Append(Keyword).Append(' ').Append(field).Append(wanted.IsNot ? " != " : " ").Append(wanted.Network).Append(' ');
        }
    }
}
