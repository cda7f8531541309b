using System.Net;
using System.Net.Sockets;

namespace Flannel.Extensibility;

/// <summary>One address or route that the host has, as far as it matters for telling whether the overlay's range collides with it.</summary>
/// <param name="Prefix">The address's network or the route's destination.</param>
/// <param name="Device">The interface's name; empty for a route without one (blackhole).</param>
/// <param name="IsAddress">Whether it is an address of the interface rather than a route.</param>
/// <param name="Gateway">The route's next hop, or <see langword="null"/>.</param>
public sealed record HostPrefix(IPNetwork Prefix, string Device, bool IsAddress, IPAddress? Gateway)
{
    /// <summary>The address itself; <see langword="null"/> for a route, or if it is not known.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>Whether the device is a bridge, such as a container engine makes.</summary>
    public bool IsOnBridge { get; init; }

    /// <summary>
    /// Whether it is what a backend leaves that makes plain routes: a route of exactly a subnet's length to a part of the network, through a gateway.
    /// </summary>
    /// <param name="config">The network.</param>
    public bool IsRouteToSubnet(NetworkConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        (IPNetwork? network, int length) = Prefix.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6
            ? (config.IPv6Network, config.IPv6SubnetLength)
            : (config.Network, config.SubnetLength);
        return !IsAddress && Gateway is not null && Prefix.PrefixLength == length && network?.Contains(Prefix.BaseAddress) == true;
    }

    /// <summary>The prefix as an operator would name it.</summary>
    public override string ToString() =>
        (IsAddress ? "address " : "route ") + Prefix + (Gateway is null ? "" : $" via {Gateway}") + (Device.Length == 0 ? "" : $" on {Device}");
}
