using System.Globalization;
using System.Net.Sockets;

namespace Flannel.Backends.Vxlan.Devices;

/// <summary>The names of flannel's VXLAN devices: <c>flannel.&lt;VNI&gt;</c> for IPv4, <c>flannel-v6.&lt;VNI&gt;</c> for IPv6.</summary>
internal static class VxlanDeviceName
{
    private const string PrefixIPv4 = "flannel.";
    private const string PrefixIPv6 = "flannel-v6.";
    private const int MaximumVniIPv4 = 9_999_999;
    private const int MaximumVniIPv6 = 9_999;

    /// <summary>The name for a VNI.</summary>
    /// <exception cref="VxlanDeviceException">The name would exceed the kernel's 15 characters.</exception>
    public static string For(int vni, AddressFamily family)
    {
        (string prefix, int maximum) = family == AddressFamily.InterNetworkV6 ? (PrefixIPv6, MaximumVniIPv6) : (PrefixIPv4, MaximumVniIPv4);
        string name = prefix + vni.ToString(CultureInfo.InvariantCulture);
        return vni <= maximum
            ? name
            : throw new VxlanDeviceException(
                name,
                $"The VNI {vni} needs the device name {name}, which is longer than the 15 characters that Linux allows. " +
                $"Set VNI in the network configuration's Backend block to {maximum} or less.");
    }
}
