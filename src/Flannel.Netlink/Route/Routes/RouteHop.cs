using System.Net;

namespace Flannel.Netlink.Route.Routes;

/// <summary>One way of a route that has several (<c>RTA_MULTIPATH</c>).</summary>
public readonly record struct RouteHop
{
    /// <summary>Next router; null when the destination is on the link.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>Index of the device.</summary>
    public int LinkIndex { get; init; }

    /// <summary>Share of the traffic, 0 to 255; the kernel adds one to it.</summary>
    public byte Weight { get; init; }

    /// <summary>Flags of this hop.</summary>
    public RouteFlags Flags { get; init; }
}
