namespace Flannel.Netlink.Netfilter;

/// <summary>Which packets a table of nf_tables sees (<c>NFPROTO_*</c>).</summary>
public enum NftFamily : byte
{
    /// <summary>Every family; for listings.</summary>
    Unspecified = 0,

    /// <summary>IPv4 and IPv6: <c>inet</c>.</summary>
    Inet = 1,

    /// <summary>IPv4: <c>ip</c>.</summary>
    IPv4 = 2,

    /// <summary>ARP: <c>arp</c>.</summary>
    Arp = 3,

    /// <summary>Packets at a device: <c>netdev</c>.</summary>
    NetDevice = 5,

    /// <summary>Packets that a bridge passes: <c>bridge</c>.</summary>
    Bridge = 7,

    /// <summary>IPv6: <c>ip6</c>.</summary>
    IPv6 = 10,
}
