using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Flannel.Extensibility;

namespace Flannel.Linux.Traffic;

/// <summary>One of our chains in a table of iptables, with the jump that leads to it, as the programs write and read them.</summary>
internal sealed class IptablesChain
{
    private readonly ImmutableArray<TrafficRule> _rules;

    private IptablesChain(AddressFamily family, string table, string parent, string name, string comment, ImmutableArray<TrafficRule> rules)
    {
        (Family, Table, Parent, Name, Comment, _rules) = (family, table, parent, name, comment, rules);
        Jump = $"-A {Parent} -m comment --comment \"{Comment}\" -j {Name}";
    }

    public AddressFamily Family { get; }

    /// <summary>The table: nat or filter.</summary>
    public string Table { get; }

    /// <summary>The kernel's chain from which ours is reached.</summary>
    public string Parent { get; }

    /// <summary>Our chain.</summary>
    public string Name { get; }

    /// <summary>The comment of all its rules.</summary>
    public string Comment { get; }

    /// <summary>The rule in <see cref="Parent"/>, as it is listed and added.</summary>
    public string Jump { get; }

    /// <summary>Whether there should be such a chain.</summary>
    public bool IsWanted => !_rules.IsEmpty;

    /// <summary>Every chain that a network may have, those that the policy does not want without rules.</summary>
    public static IReadOnlyList<IptablesChain> All(TrafficPolicy policy)
    {
        var names = new TrafficNames(policy.NetworkName);
        return [.. Of(AddressFamily.InterNetwork), .. Of(AddressFamily.InterNetworkV6)];

        IEnumerable<IptablesChain> Of(AddressFamily family)
        {
            TrafficRange? range = policy.Ranges.FirstOrDefault(range => range.Network.BaseAddress.AddressFamily == family);
            ImmutableArray<TrafficRule> masquerade =
                range is not null && policy.Masquerade ? TrafficRule.Masquerade(range, policy.MasqueradeExclusions) : [];
            ImmutableArray<TrafficRule> forward = range is not null && policy.Forward ? TrafficRule.Forward(range) : [];
            yield return new IptablesChain(family, "nat", "POSTROUTING", names.MasqueradeChain, names.MasqueradeComment, masquerade);
            yield return new IptablesChain(family, "filter", "FORWARD", names.ForwardChain, names.ForwardComment, forward);
        }
    }

    /// <summary>The chain as <c>iptables -S</c> lists it.</summary>
    /// <param name="randomFully">Whether source ports are drawn at random.</param>
    public string[] Listing(bool randomFully) => [$"-N {Name}", .. _rules.Select(rule => ToText(rule, randomFully))];

    /// <summary>Whether a rule of <see cref="Parent"/> is ours: a jump to our chain, or what flannel's older releases put there directly.</summary>
    public bool Owns(string parentRule) =>
        parentRule.EndsWith($" -j {Name}", StringComparison.Ordinal) || parentRule.EndsWith($" -g {Name}", StringComparison.Ordinal)
        || parentRule.Contains($" --comment \"{Comment}\" ", StringComparison.Ordinal);

    /// <summary>Our rules in the parent that are not the one jump that should be there. A jump that is right keeps its place.</summary>
    public IEnumerable<string> Surplus(IReadOnlyList<string> parentRules)
    {
        bool isKept = false;
        foreach (string rule in parentRules.Where(Owns))
        {
            // The last of several equal ones stays, because deleting by text takes the first.
            if (rule == Jump && !isKept)
                isKept = true;
            else
                yield return rule;
        }
    }

    /// <summary>Input for <c>iptables-restore --noflush</c>: one transaction.</summary>
    /// <param name="rewrite">Whether the chain's contents are rewritten.</param>
    /// <param name="parentRules">What the parent has now.</param>
    /// <param name="randomFully">Whether source ports are drawn at random.</param>
    public string Replacement(bool rewrite, IReadOnlyList<string> parentRules, bool randomFully)
    {
        IEnumerable<string> chain = rewrite ? [$":{Name} - [0:0]", .. Listing(randomFully)[1..]] : []; // declaring an existing chain empties it
        IEnumerable<string> jump = parentRules.Contains(Jump) ? [] : [Jump];
        return Transaction([.. chain, .. Deletions(Surplus(parentRules)), .. jump]);
    }

    /// <summary>Input that removes the jumps and the chain.</summary>
    /// <param name="exists">Whether there is a chain.</param>
    /// <param name="parentRules">What the parent has now.</param>
    public string Removal(bool exists, IReadOnlyList<string> parentRules)
    {
        IEnumerable<string> chain = exists ? [$":{Name} - [0:0]", $"-X {Name}"] : [];
        return Transaction([.. Deletions(parentRules.Where(Owns)), .. chain]);
    }

    private static IEnumerable<string> Deletions(IEnumerable<string> rules) => rules.Select(static rule => string.Concat("-D", rule.AsSpan(2)));

    private string Transaction(IEnumerable<string> lines) => $"*{Table}\n{string.Join('\n', lines)}\nCOMMIT\n";

    private string ToText(TrafficRule rule, bool randomFully)
    {
        var text = new StringBuilder("-A ").Append(Name);
        Match("-s", rule.Source);
        Match("-d", rule.Destination);
        if (rule.IsMarked)
            text.Append(CultureInfo.InvariantCulture, $" -m mark --mark 0x{TrafficRule.Mark:x}/0x{TrafficRule.Mark:x}");
        text.Append(CultureInfo.InvariantCulture, $" -m comment --comment \"{Comment}\" -j ");
        return text.Append(rule.Action switch
        {
            RuleAction.Return => "RETURN",
            RuleAction.Accept => "ACCEPT",
            _ => randomFully ? "MASQUERADE --random-fully" : "MASQUERADE",
        }).ToString();

        void Match(string option, AddressMatch? match)
        {
            if (match is { } wanted)
                text.Append(wanted.IsNot ? " ! " : " ").Append(option).Append(' ').Append(wanted.Network);
        }
    }
}
