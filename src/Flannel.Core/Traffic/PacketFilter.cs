namespace Flannel;

/// <summary>Which packet filter of the kernel holds the traffic rules.</summary>
public enum PacketFilter
{
    /// <summary>The chains <c>FLANNEL-POSTRTG</c> and <c>FLANNEL-FWD</c>, by the programs <c>iptables</c> and <c>ip6tables</c>.</summary>
    Iptables,

    /// <summary>The tables <c>ip flannel-ipv4</c> and <c>ip6 flannel-ipv6</c>, over netlink without a program.</summary>
    Nftables,
}
