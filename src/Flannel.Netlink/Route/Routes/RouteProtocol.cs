namespace Flannel.Netlink.Route.Routes;

/// <summary>Who made a route or nexthop (<c>RTPROT_*</c>, <c>/etc/iproute2/rt_protos</c>). Other numbers may appear and be used.</summary>
public enum RouteProtocol : byte
{
    /// <summary>Unknown; in a deletion: any.</summary>
    Unspecified = 0,

    /// <summary>An ICMP redirect.</summary>
    Redirect = 1,

    /// <summary>The kernel, for an address.</summary>
    Kernel = 2,

    /// <summary>Boot scripts; also the default of most tools.</summary>
    Boot = 3,

    /// <summary>The administrator.</summary>
    Static = 4,

    /// <summary>Router advertisement.</summary>
    RouterAdvertisement = 9,

    /// <summary>DHCP client.</summary>
    Dhcp = 16,
}
