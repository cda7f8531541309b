using System.Net;
using System.Net.Sockets;
using Flannel.Netlink.Interop;

namespace Flannel.Netlink.Route;

/// <summary>Address families: the numbers of .NET are those of Windows, and IPv6 differs.</summary>
internal static class Families
{
    /// <exception cref="ArgumentOutOfRangeException">Neither IPv4, IPv6 nor unspecified.</exception>
    internal static byte ToKernel(AddressFamily family) => family switch
    {
        AddressFamily.Unspecified => Libc.AF_UNSPEC,
        AddressFamily.InterNetwork => Libc.AF_INET,
        AddressFamily.InterNetworkV6 => Libc.AF_INET6,
        _ => throw new ArgumentOutOfRangeException(nameof(family), family, "Only InterNetwork, InterNetworkV6 and Unspecified are known here."),
    };

    internal static byte ToKernel(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return ToKernel(address.AddressFamily);
    }

    internal static AddressFamily FromKernel(byte family) => family == Libc.AF_INET6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;

    internal static IPAddress Any(byte family) => family == Libc.AF_INET6 ? IPAddress.IPv6Any : IPAddress.Any;

    internal static int AddressBits(byte family) => family == Libc.AF_INET6 ? 128 : 32;
}
