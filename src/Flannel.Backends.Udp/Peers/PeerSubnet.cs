using System.Net;

namespace Flannel.Backends.Udp.Peers;

/// <summary>One subnet of a peer. A peer with an IPv4 and an IPv6 subnet in one table has two of these.</summary>
/// <param name="Subnet">The inner addresses that belong to the peer.</param>
/// <param name="Endpoint">The peer.</param>
internal readonly record struct PeerSubnet(IPNetwork Subnet, PeerEndpoint Endpoint);
