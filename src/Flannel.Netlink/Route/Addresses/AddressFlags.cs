namespace Flannel.Netlink.Route.Addresses;

/// <summary>Address flags (<c>IFA_F_*</c>).</summary>
[Flags]
public enum AddressFlags : uint
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>IPv4: a further address in a subnet that has one already. IPv6: a temporary address for privacy (RFC 8981).</summary>
    Secondary = 0x01,

    /// <summary>IPv6: add without duplicate address detection, so that the address works at once.</summary>
    NoDad = 0x02,

    /// <summary>IPv6: usable while duplicate address detection runs.</summary>
    Optimistic = 0x04,

    /// <summary>IPv6: duplicate address detection found another owner.</summary>
    DadFailed = 0x08,

    /// <summary>IPv6: mobile home address.</summary>
    HomeAddress = 0x10,

    /// <summary>Not to be chosen for new connections.</summary>
    Deprecated = 0x20,

    /// <summary>IPv6: not usable yet, duplicate address detection is running.</summary>
    Tentative = 0x40,

    /// <summary>Never expires; absent from addresses leased by DHCP or router advertisement.</summary>
    Permanent = 0x80,

    /// <summary>IPv6: the kernel makes temporary addresses from this one.</summary>
    ManageTemporary = 0x100,

    /// <summary>Add without a route to its prefix.</summary>
    NoPrefixRoute = 0x200,

    /// <summary>Join multicast automatically.</summary>
    AutoJoin = 0x400,

    /// <summary>IPv6: made by a stable privacy algorithm (RFC 7217).</summary>
    StablePrivacy = 0x800,
}
