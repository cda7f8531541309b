using Flannel.Core.Configuration.Options;

namespace Flannel;

/// <summary>
/// What a node does to the host's packet filter, beside masquerading (<see cref="FlannelOptions.IpMasq"/>). Needs traffic rules, such as
/// <c>UseTrafficRules()</c> registers.
/// </summary>
public sealed class TrafficOptions
{
    /// <summary>
    /// Which packet filter holds the rules. Default <see langword="null"/>: the network configuration's <c>EnableNFTables</c> decides.
    /// </summary>
    public PacketFilter? Filter { get; set; }

    /// <summary>
    /// Whether traffic from and to the overlay is accepted for forwarding. Default <see langword="true"/>. flannel: <c>--iptables-forward-rules</c>.
    /// </summary>
    public bool Forward { get; set; } = true;

    /// <summary>Destinations, as <c>10.0.0.0/8</c>, that keep seeing container addresses: never masqueraded. Default none.</summary>
    public IList<string> MasqueradeExclusions { get; } = [];

    /// <summary>
    /// Whether masquerading draws source ports at random, where the packet filter can. Default <see langword="true"/>. flannel: the opposite of
    /// <c>--ip-masq-fully-random-disable</c>.
    /// </summary>
    public bool RandomFully { get; set; } = true;

    /// <summary>
    /// Whether packets to an address of this node's subnet that no container has end here. Default <see langword="false"/>. flannel:
    /// <c>--ip-blackhole-route</c>.
    /// </summary>
    public bool Blackhole { get; set; }

    /// <summary>How often the rules are checked even if nothing tells of a change. Default 5 seconds. flannel: <c>--iptables-resync</c>.</summary>
    /// <value>1 second to 1 day.</value>
    [TimeSpanRange("00:00:01", "1.00:00:00")]
    public TimeSpan ResyncInterval { get; set; } = TimeSpan.FromSeconds(5);
}
