namespace Flannel.Netlink.Route.Monitoring;

/// <summary>What a monitor listens to.</summary>
[Flags]
public enum RouteMonitorGroups
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Devices.</summary>
    Links = 1,

    /// <summary>IPv4 addresses.</summary>
    IPv4Addresses = 2,

    /// <summary>IPv6 addresses.</summary>
    IPv6Addresses = 4,

    /// <summary>IPv4 routes. The kernel says nothing about routes it drops because their device went down or away.</summary>
    IPv4Routes = 8,

    /// <summary>IPv6 routes.</summary>
    IPv6Routes = 16,

    /// <summary>Neighbours of both families and FDB entries.</summary>
    Neighbours = 32,

    /// <summary>Nexthop objects (kernel 5.3).</summary>
    Nexthops = 64,

    /// <summary>Addresses of both families.</summary>
    Addresses = IPv4Addresses | IPv6Addresses,

    /// <summary>Routes of both families.</summary>
    Routes = IPv4Routes | IPv6Routes,

    /// <summary>Everything.</summary>
    All = Links | Addresses | Routes | Neighbours | Nexthops,
}
