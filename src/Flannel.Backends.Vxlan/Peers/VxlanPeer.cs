using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Flannel.Core.Addressing;
using Flannel.Core.Leases;

namespace Flannel.Backends.Vxlan.Peers;

/// <summary>A peer as one address family sees it.</summary>
internal sealed record VxlanPeer
{
    /// <summary>The lease's identity.</summary>
    public required SubnetKey Key { get; init; }

    /// <summary>The peer's subnet; its first address is the gateway.</summary>
    public required IPNetwork Subnet { get; init; }

    /// <summary>The MAC of the peer's device.</summary>
    public required PhysicalAddress Mac { get; init; }

    /// <summary>The peer's host.</summary>
    public required IPAddress Host { get; init; }

    /// <summary>Which of two peers was first.</summary>
    public required long CreateRevision { get; init; }

    /// <summary>Whether the host is reached without a gateway and so needs no tunnel.</summary>
    public bool IsDirect { get; init; }

    /// <summary>The peer's subnet base, which is its address on the tunnel.</summary>
    public IPAddress Gateway => Subnet.BaseAddress;

    /// <summary>Reads a lease.</summary>
    /// <param name="lease">The peer's lease.</param>
    /// <param name="family">The address family.</param>
    /// <param name="vni">Our network identifier.</param>
    /// <param name="reason">Why the lease cannot be used; <see langword="null"/> if it can or has nothing of the family.</param>
    /// <returns>The peer, or <see langword="null"/>.</returns>
    public static VxlanPeer? From(Lease lease, AddressFamily family, int vni, out string? reason)
    {
        bool isIPv6 = family == AddressFamily.InterNetworkV6;
        (IPNetwork? subnet, IPAddress? host, string? json, string dataKey, string hostKey) = isIPv6
            ? (lease.SubnetIPv6, lease.Attributes.PublicIPv6, lease.Attributes.BackendV6Data, "BackendV6Data", "PublicIPv6")
            : (lease.Subnet, lease.Attributes.PublicIP, lease.Attributes.BackendData, "BackendData", "PublicIP");
        reason = null;
        if (subnet is null) return null;
        if (host is null) reason = $"{hostKey} is missing";
        else if (!VxlanLeaseData.TryParse(json, out VxlanLeaseData? data, out string? problem)) reason = $"{dataKey} {problem}";
        else if (data.Vni is { } other && other != vni) reason = $"{dataKey} has the VNI {other}; ours is {vni}";
        else
        {
            return new VxlanPeer
            {
                Key = lease.Key,
                Subnet = subnet.Value,
                Mac = data.VtepMac,
                Host = host,
                CreateRevision = lease.CreateRevision,
            };
        }

        return null;
    }
}
