namespace Flannel;

/// <summary>
/// The names of the UDP backend's metrics. They are part of the public API: dashboards depend on them. <c>docs/metrics.md</c> of the repository
/// explains each.
/// </summary>
public static class UdpTelemetry
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Flannel.Backends.Udp";

    /// <summary>
    /// Counter, <c>{packet}</c>: packets carried, each segment of a super-packet counted, by <see cref="FlannelTelemetry.DirectionTag"/>.
    /// </summary>
    public const string Packets = "flannel.udp.packets";

    /// <summary>Counter, <c>By</c>: their bytes, outer headers not counted, by <see cref="FlannelTelemetry.DirectionTag"/>.</summary>
    public const string Bytes = "flannel.udp.bytes";

    /// <summary>
    /// Counter, <c>{packet}</c>: packets that went no further, by <see cref="FlannelTelemetry.DirectionTag"/> and
    /// <see cref="FlannelTelemetry.ReasonTag"/>, such as <c>no_route</c> or <c>unknown_sender</c>.
    /// </summary>
    public const string Drops = "flannel.udp.drops";

    /// <summary>
    /// Counter, <c>{call}</c>: system calls that moved packets, by <see cref="FlannelTelemetry.DirectionTag"/>. Packets per call show what the
    /// off-loads are worth.
    /// </summary>
    public const string Calls = "flannel.udp.calls";

    /// <summary>
    /// Counter, <c>{packet}</c>: packets to and from a peer, by <see cref="FlannelTelemetry.DirectionTag"/> and
    /// <see cref="FlannelTelemetry.PeerTag"/>.
    /// </summary>
    public const string PeerPackets = "flannel.udp.peer.packets";

    /// <summary>Counter, <c>By</c>: their bytes, by <see cref="FlannelTelemetry.DirectionTag"/> and <see cref="FlannelTelemetry.PeerTag"/>.</summary>
    public const string PeerBytes = "flannel.udp.peer.bytes";
}
