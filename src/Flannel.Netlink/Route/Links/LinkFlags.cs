namespace Flannel.Netlink.Route.Links;

/// <summary>Device flags (<c>IFF_*</c>, netdevice(7)). Values not named here may appear.</summary>
[Flags]
public enum LinkFlags : uint
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>Administratively up.</summary>
    Up = 0x1,

    /// <summary>Has a broadcast address.</summary>
    Broadcast = 0x2,

    /// <summary>Loopback device.</summary>
    Loopback = 0x8,

    /// <summary>Point-to-point device.</summary>
    PointToPoint = 0x10,

    /// <summary>Operational (RFC 2863 OPER_UP).</summary>
    Running = 0x40,

    /// <summary>No ARP.</summary>
    NoArp = 0x80,

    /// <summary>Receives all packets.</summary>
    Promiscuous = 0x100,

    /// <summary>Multicast capable.</summary>
    Multicast = 0x1000,

    /// <summary>The driver signals a carrier.</summary>
    LowerUp = 0x10000,
}
