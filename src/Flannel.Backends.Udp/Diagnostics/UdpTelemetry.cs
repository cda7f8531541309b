namespace Flannel;

/// <summary>The names of the UDP backend's metrics. They are part of the public API: dashboards depend on them.</summary>
public static class UdpTelemetry
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Flannel.Backends.Udp";

    /// <summary>Counter, <c>{packet}</c>: packets carried, each segment of a super-packet counted, by <see cref="DirectionTag"/>.</summary>
    public const string Packets = "flannel.udp.packets";

    /// <summary>Counter, <c>By</c>: their bytes, outer headers not counted, by <see cref="DirectionTag"/>.</summary>
    public const string Bytes = "flannel.udp.bytes";

    /// <summary>Counter, <c>{packet}</c>: packets that went no further, by <see cref="DirectionTag"/> and <see cref="ReasonTag"/>.</summary>
    public const string Drops = "flannel.udp.drops";

    /// <summary>
    /// Counter, <c>{call}</c>: system calls that moved packets, by <see cref="DirectionTag"/>. Packets per call show what the off-loads are worth.
    /// </summary>
    public const string Calls = "flannel.udp.calls";

    /// <summary>Counter, <c>{packet}</c>: packets to and from a peer, by <see cref="DirectionTag"/> and <see cref="PeerTag"/>.</summary>
    public const string PeerPackets = "flannel.udp.peer.packets";

    /// <summary>Counter, <c>By</c>: their bytes, by <see cref="DirectionTag"/> and <see cref="PeerTag"/>.</summary>
    public const string PeerBytes = "flannel.udp.peer.bytes";

    /// <summary>Tag: <c>sent</c> or <c>received</c>.</summary>
    public const string DirectionTag = "flannel.udp.direction";

    /// <summary>Tag: why packets went no further, such as <c>no_route</c> or <c>unknown_sender</c>.</summary>
    public const string ReasonTag = "flannel.udp.reason";

    /// <summary>Tag: the peer's subnets, as the lease is named.</summary>
    public const string PeerTag = "flannel.udp.peer";
}
