using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Flannel.Extensibility;
using Flannel.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Flannel.Linux.Hosts;

/// <summary>Whether the calling thread may change a network namespace. Changes nothing to find out.</summary>
[SupportedOSPlatform("linux")]
internal static class NetworkAccess
{
    /// <summary>Checks the namespace given by name or path, or the process's own.</summary>
    /// <exception cref="MissingCapabilityException">A capability is missing.</exception>
    /// <exception cref="NetworkNamespaceException">The namespace does not exist.</exception>
    internal static void Check(string? nameOrPath)
    {
        string operation = nameOrPath is null ? "Changing the network configuration" : $"Changing the network namespace '{nameOrPath}'";
        using NetworkNamespace target = nameOrPath is null ? NetworkNamespace.OpenCurrent() : NetworkNamespace.Open(nameOrPath);
        // Another namespace has to be entered, too.
        List<string> missing = [];
        if (!LinuxCapability.IsEffective(LinuxCapability.CAP_NET_ADMIN))
            missing.Add("CAP_NET_ADMIN");
        if (nameOrPath is not null && !LinuxCapability.IsEffective(LinuxCapability.CAP_SYS_ADMIN))
            missing.Add("CAP_SYS_ADMIN");
        if (missing.Count > 0)
            throw new MissingCapabilityException(missing, operation);

        // Entering is the check: it needs CAP_SYS_ADMIN here and in the user namespace that owns the target.
        if (nameOrPath is not null)
            Enter(target, operation);
        RequireOwnUserNamespace(target, operation);
    }

    private static void Enter(NetworkNamespace target, string operation)
    {
        try
        {
            target.Run(static () => { });
        }
        catch (MissingCapabilityException error)
        {
            // The process has both, but where they do not count.
            throw new MissingCapabilityException(
                ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"], operation + " from inside a user namespace that does not own it", error);
        }
    }

    // Capabilities count in the own user namespace and those below. The kernel hides the owner of anything that belongs further up.
    private static void RequireOwnUserNamespace(NetworkNamespace target, string operation)
    {
        int descriptor = LinuxNsfs.ioctl(target.Handle, LinuxNsfs.NS_GET_USERNS, 0);
        if (descriptor >= 0)
        {
            new SafeFileHandle(descriptor, ownsHandle: true).Dispose();
        }
        else if (Marshal.GetLastPInvokeError() is var errno and LinuxErrno.EPERM)
        {
            throw new MissingCapabilityException(
                "CAP_NET_ADMIN", operation + " from inside a user namespace that does not own it", LinuxErrno.ToException(errno));
        }
    }
}
