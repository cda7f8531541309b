using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Flannel.Extensibility;

namespace Flannel.Linux.Traffic;

/// <summary>One rule before it is written down in a packet filter's language: both filters do the same because they get the same list.</summary>
/// <param name="Action">What to do.</param>
internal sealed record TrafficRule(RuleAction Action)
{
    /// <summary>kube-proxy's mark on packets that it masquerades itself. Other bits of the mark belong to others.</summary>
    internal const uint Mark = 0x4000;

    private static readonly IPNetwork MulticastIPv4 = IPNetwork.Parse("224.0.0.0/4");
    private static readonly IPNetwork MulticastIPv6 = IPNetwork.Parse("ff00::/8");

    /// <summary>Whether the packet must carry <see cref="Mark"/>.</summary>
    public bool IsMarked { get; init; }

    /// <summary>Where the packet must come from; <see langword="null"/> for anywhere.</summary>
    public AddressMatch? Source { get; init; }

    /// <summary>Where the packet must go; <see langword="null"/> for anywhere.</summary>
    public AddressMatch? Destination { get; init; }

    /// <summary>The rules about masquerading, in order, for packets that leave the host. The order is flannel's.</summary>
    public static ImmutableArray<TrafficRule> Masquerade(TrafficRange range, IEnumerable<IPNetwork> exclusions)
    {
        AddressFamily family = range.Network.BaseAddress.AddressFamily;
        var network = new AddressMatch(range.Network);
        var subnet = new AddressMatch(range.Subnet);
        AddressMatch elsewhere = network with { IsNot = true };
        var unicast = new AddressMatch(family == AddressFamily.InterNetwork ? MulticastIPv4 : MulticastIPv6, IsNot: true);
        return
        [
            new TrafficRule(RuleAction.Return) { IsMarked = true },
            new TrafficRule(RuleAction.Return) { Source = subnet, Destination = network },
            new TrafficRule(RuleAction.Return) { Source = network, Destination = subnet },
            new TrafficRule(RuleAction.Return) { Source = elsewhere, Destination = subnet },

            // About containers' addresses only: an exclusion that covers the overlay must not undo the last rule, which brings answers back.
            .. exclusions.Where(exclusion => exclusion.BaseAddress.AddressFamily == family).Distinct()
                .Select(exclusion => new TrafficRule(RuleAction.Return) { Source = network, Destination = new AddressMatch(exclusion) }),
            new TrafficRule(RuleAction.Masquerade) { Source = network, Destination = unicast },
            new TrafficRule(RuleAction.Masquerade) { Source = elsewhere, Destination = network },
        ];
    }

    /// <summary>The rules about forwarding.</summary>
    public static ImmutableArray<TrafficRule> Forward(TrafficRange range) =>
    [
        new TrafficRule(RuleAction.Accept) { Source = new AddressMatch(range.Network) },
        new TrafficRule(RuleAction.Accept) { Destination = new AddressMatch(range.Network) },
    ];
}
