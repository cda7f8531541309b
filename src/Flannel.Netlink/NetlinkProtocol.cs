namespace Flannel.Netlink;

/// <summary>The netlink families a socket can speak (<c>linux/netlink.h</c>). Any other number may be cast to this type.</summary>
public enum NetlinkProtocol
{
    /// <summary>NETLINK_ROUTE: links, addresses, routes, neighbours.</summary>
    Route = 0,

    /// <summary>NETLINK_XFRM: IPsec states and policies.</summary>
    Xfrm = 6,

    /// <summary>NETLINK_NETFILTER: nftables and connection tracking.</summary>
    Netfilter = 12,

    /// <summary>NETLINK_GENERIC: families registered by name.</summary>
    Generic = 16,
}
