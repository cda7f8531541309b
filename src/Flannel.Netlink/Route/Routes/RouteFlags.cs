namespace Flannel.Netlink.Route.Routes;

/// <summary>Flags of a route, hop or nexthop (<c>RTNH_F_*</c>).</summary>
[Flags]
public enum RouteFlags : uint
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>Reported: the nexthop is dead.</summary>
    Dead = 1,

    /// <summary>The gateway is on the link although no address says so.</summary>
    OnLink = 4,

    /// <summary>Reported: offloaded to hardware.</summary>
    Offload = 8,

    /// <summary>Reported: the device has no carrier.</summary>
    LinkDown = 16,

    /// <summary>Reported: the entry is unresolved.</summary>
    Unresolved = 32,

    /// <summary>Reported: packets are trapped to the CPU.</summary>
    Trap = 64,
}
