using System.Net;

namespace Flannel;

/// <summary>The interface that carries the overlay's outer packets, and the addresses peers use.</summary>
public sealed record ExternalInterface
{
    /// <summary>The interface's name, such as <c>eth0</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The interface's kernel index.</summary>
    public required int Index { get; init; }

    /// <summary>The interface's MTU in bytes.</summary>
    public required int Mtu { get; init; }

    /// <summary>The interface's own IPv4 address; <see langword="null"/> if the network has no IPv4.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>The interface's own IPv6 address; <see langword="null"/> if the network has no IPv6.</summary>
    public IPAddress? AddressIPv6 { get; init; }

    /// <summary>Whether the interface was chosen because of its default route, so that it is in trouble without one.</summary>
    public bool IsByDefaultRoute { get; init; }

    /// <summary>The IPv4 address that is published to peers: the configured public address, else <see cref="Address"/>.</summary>
    public IPAddress? PublicIP { get; init; }

    /// <summary>The IPv6 address that is published to peers: the configured public address, else <see cref="AddressIPv6"/>.</summary>
    public IPAddress? PublicIPv6 { get; init; }
}
