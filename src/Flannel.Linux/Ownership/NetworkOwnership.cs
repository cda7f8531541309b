using System.Diagnostics.CodeAnalysis;
using System.Net;
using Flannel.Linux.Diagnostics;
using Flannel.Linux.Ownership;

namespace Flannel.Extensibility;

/// <summary>
/// What of the host belongs to a network before it starts: addresses and routes inside its range that a backend left, whichever it was, flannel's or
/// ours.
/// </summary>
[Experimental(ExperimentalApi.KernelBackends)]
public static class NetworkOwnership
{
    /// <summary>Whether an address or route is no collision with the network, because a backend made it for this network.</summary>
    /// <param name="prefix">The address or route.</param>
    /// <param name="config">The network.</param>
    public static bool Owns(HostPrefix prefix, NetworkConfig config)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(config);
        bool isOnFlannelDevice = FlannelDeviceName.KindOf(prefix.Device) is not null && (IsInside(config.Network) || IsInside(config.IPv6Network));
        return isOnFlannelDevice || prefix.IsRouteToSubnet(config); // the latter is what host-gw leaves, and direct routing

        bool IsInside(IPNetwork? network) =>
            network is { } range && prefix.Prefix.PrefixLength >= range.PrefixLength && range.Contains(prefix.Prefix.BaseAddress);
    }
}
