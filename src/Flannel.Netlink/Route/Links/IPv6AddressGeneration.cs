namespace Flannel.Netlink.Route.Links;

/// <summary>How the kernel makes IPv6 link-local addresses (<c>IFLA_INET6_ADDR_GEN_MODE</c>).</summary>
public enum IPv6AddressGeneration : byte
{
    /// <summary>From the link-layer address; the kernel's default.</summary>
    Eui64 = 0,

    /// <summary>Not at all.</summary>
    None = 1,

    /// <summary>Stable and private, from the configured secret (RFC 7217).</summary>
    StablePrivacy = 2,

    /// <summary>Stable and private, from a random secret.</summary>
    Random = 3,
}
