using System.Net;
using System.Net.Sockets;

namespace Flannel.Netlink.Route.Routes;

/// <summary>
/// A nexthop object (RTM_NEWNEXTHOP, kernel 5.3): gateway and device under an id that routes refer to. Inserting N routes with distinct gateways
/// on one device costs quadratic time in the kernel, and linear time through nexthop objects.
/// </summary>
public readonly record struct Nexthop
{
    private readonly AddressFamily _family;

    /// <summary>Id, unique in the namespace, greater than zero.</summary>
    public uint Id { get; init; }

    /// <summary>Next router; null when destinations are on the link.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>Index of the device; 0 for groups and blackholes.</summary>
    public int LinkIndex { get; init; }

    /// <summary>Family; that of <see cref="Gateway"/> where there is one, else IPv4 unless set.</summary>
    public AddressFamily Family
    {
        get => Gateway?.AddressFamily ?? (_family == default ? AddressFamily.InterNetwork : _family);
        init => _family = value == AddressFamily.InterNetwork ? default : value;
    }

    /// <summary>Who made it; <see cref="RouteProtocol.Unspecified"/> by default.</summary>
    public RouteProtocol Protocol { get; init; }

    /// <summary>Flags; of those only <see cref="RouteFlags.OnLink"/> is sent.</summary>
    public RouteFlags Flags { get; init; }

    /// <summary>Drops packets instead of sending them.</summary>
    public bool IsBlackhole { get; init; }

    /// <summary>Reported: a group of other nexthops. Groups cannot be made here.</summary>
    public bool IsGroup { get; init; }

    /// <summary>Whether <see cref="RouteFlags.OnLink"/> is set.</summary>
    public bool IsOnLink => (Flags & RouteFlags.OnLink) != 0;
}
