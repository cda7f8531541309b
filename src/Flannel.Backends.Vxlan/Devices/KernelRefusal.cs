using System.Runtime.Versioning;
using Flannel.Core.Diagnostics;
using Flannel.Netlink;

namespace Flannel.Backends.Vxlan.Devices;

/// <summary>Says in the host application's terms what the kernel refused.</summary>
[SupportedOSPlatform("linux")]
internal static class KernelRefusal
{
    /// <summary>Runs an action on a device.</summary>
    /// <param name="device">The device's name.</param>
    /// <param name="action">What to do.</param>
    /// <exception cref="MissingCapabilityException">The process lacks CAP_NET_ADMIN.</exception>
    /// <exception cref="VxlanDeviceException">The kernel refuses for another reason.</exception>
    public static void Translate(string device, Action action)
    {
        try
        {
            action();
        }
        catch (NetlinkException exception) when (exception.ErrorName == "EPERM") // EACCES is said of settings, such as IPv6 being off
        {
            throw new MissingCapabilityException("CAP_NET_ADMIN", $"Setting up {device} ({exception.Operation})", exception);
        }
        catch (NetlinkException exception)
        {
            throw new VxlanDeviceException(device, $"The kernel refuses to set up {device}: {exception.Message}.", exception, exception.IsTransient);
        }
    }
}
