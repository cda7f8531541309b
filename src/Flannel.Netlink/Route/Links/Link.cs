using System.Net.NetworkInformation;

namespace Flannel.Netlink.Route.Links;

/// <summary>A network device (RTM_NEWLINK).</summary>
public sealed record Link
{
    /// <summary>Interface index, greater than zero.</summary>
    public required int Index { get; init; }

    /// <summary>Interface name, 1 to 15 bytes.</summary>
    public required string Name { get; init; }

    /// <summary>Other names of the interface (<c>ip link property add … altname</c>), 1 to 127 bytes each; compared by reference.</summary>
    public IReadOnlyList<string> AlternativeNames { get; init; } = [];

    /// <summary>Kind of a virtual device (<c>vxlan</c>, <c>veth</c>, <c>bridge</c>, <c>tun</c>, …); null for hardware and loopback.</summary>
    public string? Kind { get; init; }

    /// <summary>Device flags.</summary>
    public LinkFlags Flags { get; init; }

    /// <summary>
    /// Operational state (RFC 2863). Devices without a carrier of their own report <see cref="OperationalStatus.Unknown"/> while they work.
    /// </summary>
    public OperationalStatus OperationalStatus { get; init; } = OperationalStatus.Unknown;

    /// <summary>Largest packet in bytes, link-layer header not counted.</summary>
    public int Mtu { get; init; }

    /// <summary>Link-layer address; null when the device has none.</summary>
    public PhysicalAddress? Address { get; init; }

    /// <summary>
    /// Index of the device this one is built on, or of a veth's peer (<c>IFLA_LINK</c>); 0 when there is none. It belongs to another
    /// namespace when <see cref="ParentIsInOtherNamespace"/>. VXLAN devices report theirs in <see cref="VxlanInfo.ParentIndex"/>.
    /// </summary>
    public int ParentIndex { get; init; }

    /// <summary>Whether <see cref="ParentIndex"/> counts in another network namespace (<c>IFLA_LINK_NETNSID</c>).</summary>
    public bool ParentIsInOtherNamespace { get; init; }

    /// <summary>The number that the socket's namespace has for the one of <see cref="ParentIndex"/>; null when that is the socket's own.</summary>
    public int? ParentNamespaceId { get; init; }

    /// <summary>The note that was put on the device (<c>ip link … alias</c>); null for none.</summary>
    public string? Alias { get; init; }

    /// <summary>Whether the port of a bridge sends packets back the way they came; null when the device is no such port.</summary>
    public bool? Hairpin { get; init; }

    /// <summary>Index of the bridge, bond or VRF this device belongs to (<c>IFLA_MASTER</c>); 0 when there is none.</summary>
    public int MasterIndex { get; init; }

    /// <summary>Length of the transmit queue in packets.</summary>
    public int TxQueueLength { get; init; }

    /// <summary>Present on devices of kind <c>vxlan</c>.</summary>
    public VxlanInfo? Vxlan { get; init; }

    /// <summary>Counters at the time of the answer; null in some notifications.</summary>
    public LinkStatistics? Statistics { get; init; }

    /// <summary>Whether the device is administratively up.</summary>
    public bool IsUp => (Flags & LinkFlags.Up) != 0;

    /// <summary>Whether this is the loopback device.</summary>
    public bool IsLoopback => (Flags & LinkFlags.Loopback) != 0;

    /// <summary>Whether this is a point-to-point device.</summary>
    public bool IsPointToPoint => (Flags & LinkFlags.PointToPoint) != 0;
}
