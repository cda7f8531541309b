using System.Net.Sockets;

namespace Flannel.Backends.Udp;

/// <summary>How many bytes the outer IP and UDP headers put before an inner packet.</summary>
internal static class UdpOverhead
{
    /// <summary>Over IPv4: 20 and 8.</summary>
    public const int IPv4 = 28;

    /// <summary>Over IPv6: 40 and 8.</summary>
    public const int IPv6 = 48;

    /// <summary>Over the address family.</summary>
    public static int Of(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? IPv6 : IPv4;
}
