using System.Net;
using System.Net.Sockets;
using Flannel.Core.Addressing;
using Flannel.Core.Leases;

namespace Flannel.Backends.HostGateway.Peers;

/// <summary>A peer as one address family sees it.</summary>
/// <param name="Key">The lease's identity.</param>
/// <param name="Subnet">The peer's subnet.</param>
/// <param name="Host">The peer's host, the gateway of the subnet.</param>
/// <param name="Obstacle">Why the host cannot be a gateway, or <see langword="null"/>.</param>
internal sealed record HostGatewayPeer(SubnetKey Key, IPNetwork Subnet, IPAddress Host, string? Obstacle = null)
{
    /// <summary>Reads a lease.</summary>
    /// <param name="lease">The peer's lease.</param>
    /// <param name="family">The address family.</param>
    /// <param name="reason">Why the lease cannot be used; <see langword="null"/> if it can or has nothing of the family.</param>
    /// <returns>The peer, or <see langword="null"/>.</returns>
    public static HostGatewayPeer? From(Lease lease, AddressFamily family, out string? reason)
    {
        (IPNetwork? subnet, IPAddress? host, string hostKey) = family == AddressFamily.InterNetworkV6
            ? (lease.SubnetIPv6, lease.Attributes.PublicIPv6, "PublicIPv6")
            : (lease.Subnet, lease.Attributes.PublicIP, "PublicIP");
        reason = subnet is not null && host is null ? $"{hostKey} is missing" : null;
        return subnet is not null && host is not null ? new HostGatewayPeer(lease.Key, subnet.Value, host) : null;
    }
}
