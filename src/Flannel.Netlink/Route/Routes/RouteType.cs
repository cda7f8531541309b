namespace Flannel.Netlink.Route.Routes;

/// <summary>What a route does (<c>RTN_*</c>).</summary>
public enum RouteType : byte
{
    /// <summary>In a deletion: any.</summary>
    Unspecified = 0,

    /// <summary>Gateway or direct route.</summary>
    Unicast = 1,

    /// <summary>Accept locally.</summary>
    Local = 2,

    /// <summary>Accept locally as broadcast, send as broadcast.</summary>
    Broadcast = 3,

    /// <summary>Accept locally as broadcast, send as unicast.</summary>
    Anycast = 4,

    /// <summary>Multicast.</summary>
    Multicast = 5,

    /// <summary>Drop silently.</summary>
    Blackhole = 6,

    /// <summary>Refuse: destination unreachable.</summary>
    Unreachable = 7,

    /// <summary>Refuse: administratively prohibited.</summary>
    Prohibit = 8,

    /// <summary>Go on in the next table.</summary>
    Throw = 9,
}
