namespace Flannel.Netlink.Route.Routes;

/// <summary>How far a destination or address is away (<c>RT_SCOPE_*</c>).</summary>
public enum RouteScope : byte
{
    /// <summary>Anywhere.</summary>
    Universe = 0,

    /// <summary>Interior to this site; IPv6 only.</summary>
    Site = 200,

    /// <summary>Directly attached.</summary>
    Link = 253,

    /// <summary>This host.</summary>
    Host = 254,

    /// <summary>Destination does not exist.</summary>
    Nowhere = 255,
}
