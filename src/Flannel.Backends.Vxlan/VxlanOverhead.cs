using System.Net.Sockets;

namespace Flannel.Backends.Vxlan;

/// <summary>How many bytes VXLAN puts around an inner packet (RFC 7348): inner Ethernet 14, VXLAN 8, UDP 8 and the outer IP header.</summary>
internal static class VxlanOverhead
{
    /// <summary>Over IPv4, whose header has 20 bytes.</summary>
    public const int IPv4 = 50;

    /// <summary>Over IPv6, whose header has 40 bytes. flannel takes 50 here, too, which is wrong.</summary>
    public const int IPv6 = 70;

    /// <summary>Over the address family.</summary>
    public static int Of(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? IPv6 : IPv4;
}
