using System.Net;

namespace Flannel.Netlink.Route.Links;

/// <summary>What a VXLAN device is made of (<c>IFLA_VXLAN_*</c>).</summary>
public sealed record VxlanInfo
{
    /// <summary>VXLAN network identifier, 0 to 16777215.</summary>
    public int Id { get; init; }

    /// <summary>Index of the device that carries the outer packets; 0 when the route decides.</summary>
    public int ParentIndex { get; init; }

    /// <summary>Source address of outer packets, IPv4 (<c>LOCAL</c>) or IPv6 (<c>LOCAL6</c>); null when unset.</summary>
    public IPAddress? Local { get; init; }

    /// <summary>Multicast group or default remote, IPv4 or IPv6; null when unset.</summary>
    public IPAddress? Group { get; init; }

    /// <summary>UDP destination port.</summary>
    public int Port { get; init; }

    /// <summary>TTL of outer packets; 0 means the default of the host.</summary>
    public byte Ttl { get; init; }

    /// <summary>TOS of outer packets; 1 means inherit.</summary>
    public byte Tos { get; init; }

    /// <summary>Learns remote addresses from received packets.</summary>
    public bool Learning { get; init; }

    /// <summary>Group Based Policy extension.</summary>
    public bool Gbp { get; init; }

    /// <summary>Answers ARP from its neighbour table.</summary>
    public bool Proxy { get; init; }

    /// <summary>Route short circuit.</summary>
    public bool Rsc { get; init; }

    /// <summary>Reports destination MACs missing from the FDB.</summary>
    public bool L2Miss { get; init; }

    /// <summary>Reports destinations missing from the neighbour table.</summary>
    public bool L3Miss { get; init; }

    /// <summary>Outer UDP checksums over IPv4.</summary>
    public bool UdpChecksum { get; init; }

    /// <summary>Sends zero UDP checksums over IPv6.</summary>
    public bool UdpZeroChecksum6Send { get; init; }

    /// <summary>Accepts zero UDP checksums over IPv6.</summary>
    public bool UdpZeroChecksum6Receive { get; init; }

    /// <summary>Takes the VNI from each packet's metadata (<c>external</c>), not from <see cref="Id"/>.</summary>
    public bool CollectMetadata { get; init; }
}
