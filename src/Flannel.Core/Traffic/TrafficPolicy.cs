using System.Collections.Immutable;
using System.Net;
using Flannel.Core.State;

namespace Flannel.Extensibility;

/// <summary>
/// What happens to packets that enter or leave the overlay on this host. The same policy means the same in every <see cref="PacketFilter"/>:
/// <list type="number">
///   <item>packets marked 0x4000 (kube-proxy masquerades them itself) are left alone</item>
///   <item>packets between containers of the overlay keep their source</item>
///   <item>packets from outside the overlay to this node's containers keep their source</item>
///   <item>packets from the overlay to anywhere else, multicast and the exclusions excepted, are masqueraded</item>
///   <item>packets from this host to containers of other nodes are masqueraded, so that the answers find back</item>
///   <item>packets from and to the overlay are forwarded</item>
/// </list>
/// </summary>
public sealed record TrafficPolicy
{
    /// <summary>The network's name in this process (empty for the default one). Networks of different names have rules of their own.</summary>
    public required string NetworkName { get; init; }

    /// <summary>The network namespace to work in (name or path), or <see langword="null"/> for the process's own.</summary>
    public string? NetworkNamespace { get; init; }

    /// <summary>The overlay's ranges: one per address family in use.</summary>
    public required ImmutableArray<TrafficRange> Ranges { get; init; }

    /// <summary>Whether traffic that leaves the overlay is masqueraded. flannel: <c>--ip-masq</c>.</summary>
    public bool Masquerade { get; init; }

    /// <summary>Destinations that keep seeing container addresses: never masqueraded.</summary>
    public ImmutableArray<IPNetwork> MasqueradeExclusions { get; init; } = [];

    /// <summary>
    /// Whether masquerading draws source ports at random, which spares two connections at once the same port. flannel: the opposite of
    /// <c>--ip-masq-fully-random-disable</c>.
    /// </summary>
    public bool RandomFully { get; init; } = true;

    /// <summary>Whether traffic from and to the overlay is accepted for forwarding. flannel: <c>--iptables-forward-rules</c>.</summary>
    public bool Forward { get; init; }

    /// <summary>
    /// Whether packets to an address of this node's subnet that no container has end here instead of following the default route. flannel:
    /// <c>--ip-blackhole-route</c>.
    /// </summary>
    public bool Blackhole { get; init; }

    /// <summary>How often the rules are checked even if nothing tells of a change. flannel: <c>--iptables-resync</c>.</summary>
    public TimeSpan ResyncInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether both ask for the same.</summary>
    /// <param name="other">The other policy.</param>
    public bool Equals(TrafficPolicy? other) =>
        ReferenceEquals(this, other)
        || (other is not null && Simple == other.Simple && Contents.AreSame(Ranges, other.Ranges)
            && Contents.AreSame(MasqueradeExclusions, other.MasqueradeExclusions));

    /// <inheritdoc/>
    public override int GetHashCode() => Simple.GetHashCode();

    // Everything but the collections.
    private (string, string?, bool, bool, bool, bool, TimeSpan) Simple =>
        (NetworkName, NetworkNamespace, Masquerade, RandomFully, Forward, Blackhole, ResyncInterval);

    /// <summary>Whether the policy asks for anything.</summary>
    public bool IsEmpty => !Masquerade && !Forward && !Blackhole;
}
