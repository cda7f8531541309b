using System.Runtime.Versioning;
using Flannel.Core.Diagnostics;
using Flannel.Netlink;

namespace Flannel.Backends.HostGateway.Diagnostics;

/// <summary>Says in the host application's terms what the kernel refused.</summary>
[SupportedOSPlatform("linux")]
internal static class KernelRefusal
{
    /// <summary>Runs an action on the host's network.</summary>
    /// <param name="interfaceName">The external interface.</param>
    /// <param name="action">What to do.</param>
    /// <exception cref="MissingCapabilityException">The process lacks CAP_NET_ADMIN.</exception>
    /// <exception cref="HostGatewayException">The kernel refuses for another reason.</exception>
    public static void Translate(string interfaceName, Action action)
    {
        try
        {
            action();
        }
        catch (NetlinkException exception) when (exception.ErrorName == "EPERM")
        {
            throw new MissingCapabilityException("CAP_NET_ADMIN", $"Routing over {interfaceName} ({exception.Operation})", exception);
        }
        catch (NetlinkException exception)
        {
            throw new HostGatewayException($"The kernel refuses routes over {interfaceName}: {exception.Message}.", exception.IsTransient, exception);
        }
    }
}
