using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Flannel.Extensibility;

namespace Flannel.Linux.Traffic;

/// <summary>The table of one address family as nft writes and reads it, with flannel's chains, comments and priorities.</summary>
internal sealed class NftablesTable
{
    private readonly TrafficRange? _range;
    private readonly TrafficPolicy _policy;

    public NftablesTable(TrafficPolicy policy, TrafficNames names, AddressFamily family)
    {
        _policy = policy;
        _range = policy.Ranges.FirstOrDefault(range => range.Network.BaseAddress.AddressFamily == family);
        Family = family;
        Keyword = family == AddressFamily.InterNetwork ? "ip" : "ip6";
        Name = names.Table(family);
    }

    public AddressFamily Family { get; }

    /// <summary>The table's name.</summary>
    public string Name { get; }

    /// <summary>How nft calls the address family.</summary>
    public string Keyword { get; }

    /// <summary>Whether there should be such a table.</summary>
    public bool IsWanted => _range is not null && (_policy.Masquerade || _policy.Forward);

    /// <summary>The table as nft lists it.</summary>
    public string Listing(NftablesDialect dialect)
    {
        var text = new StringBuilder();
        Line(0, $"table {Keyword} {Name} {{");
        Comment(1, $"rules for {Name}");
        if (_policy.Forward)
        {
            Line(1, "chain forward {");
            Comment(2, "chain to accept flannel traffic");
            Line(2, "type filter hook forward priority filter; policy accept;");
            Rules(TrafficRule.Forward(_range!));
        }

        if (_policy.Masquerade)
        {
            Line(1, "chain postrtg {");
            Comment(2, "chain to manage traffic masquerading by flannel");
            Line(2, "type nat hook postrouting priority srcnat; policy accept;");
            Rules(TrafficRule.Masquerade(_range!, _policy.MasqueradeExclusions));
        }

        Line(0, "}");
        return text.ToString();

        void Line(int depth, string line) => text.Append('\t', depth).Append(line).Append('\n');

        void Comment(int depth, string comment)
        {
            if (dialect.HasComments)
                Line(depth, $"comment \"{comment}\"");
        }

        void Rules(ImmutableArray<TrafficRule> rules)
        {
            foreach (TrafficRule rule in rules)
                Line(2, ToText(rule, dialect));
            Line(1, "}");
        }
    }

    /// <summary>Input that puts this table in the place of whatever has its name, in one transaction.</summary>
    public string Replacement(NftablesDialect dialect) => Removal + Listing(dialect);

    /// <summary>Input that removes the table. Adding it first spares an error if there is none.</summary>
    public string Removal => $"table {Keyword} {Name}\ndelete table {Keyword} {Name}\n";

    private string ToText(TrafficRule rule, NftablesDialect dialect)
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
            _ => dialect.RandomFully ? "masquerade fully-random" : "masquerade",
        }).ToString();

        void Match(string field, AddressMatch? match)
        {
            if (match is { } wanted)
                text.Append(Keyword).Append(' ').Append(field).Append(wanted.IsNot ? " != " : " ").Append(ToText(wanted.Network)).Append(' ');
        }
    }

    // nft lists a single address without its length.
    private string ToText(IPNetwork network)
    {
        bool isSingle = network.PrefixLength == (Family == AddressFamily.InterNetwork ? 32 : 128);
        return isSingle ? network.BaseAddress.ToString() : network.ToString();
    }
}
