using System.Net;

namespace Flannel.Cni;

/// <summary>A route that an attachment made in the container.</summary>
/// <param name="Destination">Where it leads.</param>
public sealed record CniRoute(IPNetwork Destination)
{
    /// <summary>The next hop, or <see langword="null"/>: the gateway of the addresses' network.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>The MTU along it in bytes, or <see langword="null"/> (since 1.1.0).</summary>
    public int? Mtu { get; init; }

    /// <summary>The largest TCP segment to announce along it in bytes, or <see langword="null"/> (since 1.1.0).</summary>
    public int? AdvertisedMss { get; init; }

    /// <summary>Its priority, the lower the better, or <see langword="null"/> (since 1.1.0).</summary>
    public int? Priority { get; init; }

    /// <summary>The table it is in, or <see langword="null"/> for the main one (since 1.1.0).</summary>
    public int? Table { get; init; }

    /// <summary>Its scope by the kernel's numbers, or <see langword="null"/> (since 1.1.0).</summary>
    public int? Scope { get; init; }
}
