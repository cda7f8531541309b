using System.Net;
using System.Net.Sockets;

namespace Flannel.Backends.Udp;

/// <summary>One address family of the network: inner packets of a family travel in outer packets of the same.</summary>
/// <param name="Network">The whole overlay range.</param>
/// <param name="SubnetLength">The prefix length of each node's subnet.</param>
/// <param name="InterfaceAddress">The external interface's own address.</param>
internal sealed record UdpFamily(IPNetwork Network, int SubnetLength, IPAddress InterfaceAddress)
{
    /// <summary>IPv4 or IPv6.</summary>
    public AddressFamily Family => InterfaceAddress.AddressFamily;

    /// <summary>Whether it is IPv6.</summary>
    public bool IsIpv6 => Family == AddressFamily.InterNetworkV6;
}
