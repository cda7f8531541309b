using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using Flannel.Linux.Diagnostics;
using Flannel.Netlink;

namespace Flannel.Extensibility;

/// <summary>Says in the host application's terms what the kernel refused.</summary>
[SupportedOSPlatform("linux")]
[Experimental(ExperimentalApi.KernelBackends)]
public static class KernelRefusal
{
    /// <summary>Runs a function and translates the kernel's refusal.</summary>
    /// <param name="subject">What is being set up: <c>flannel.1</c>, <c>the TUN device</c>.</param>
    /// <param name="function">What to run.</param>
    /// <param name="newException">Makes the backend's exception from a message and the refusal.</param>
    /// <typeparam name="T">The result of the function.</typeparam>
    /// <exception cref="MissingCapabilityException">The process lacks CAP_NET_ADMIN.</exception>
    /// <exception cref="FlannelException">The kernel refuses for another reason.</exception>
    public static T Translate<T>(string subject, Func<T> function, Func<string, NetlinkException, FlannelException> newException)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(newException);
        try
        {
            return function();
        }
        catch (NetlinkException exception) when (exception.ErrorName == "EPERM") // EACCES is said of settings, such as IPv6 being off
        {
            throw new MissingCapabilityException("CAP_NET_ADMIN", $"Setting up {subject} ({exception.Operation})", exception);
        }
        catch (NetlinkException exception)
        {
            throw newException($"The kernel refuses to set up {subject}: {exception.Message}.", exception);
        }
    }

    /// <summary>Runs an action and translates the kernel's refusal; see <see cref="Translate{T}"/>.</summary>
    /// <param name="subject">What is being set up.</param>
    /// <param name="action">What to run.</param>
    /// <param name="newException">Makes the backend's exception from a message and the refusal.</param>
    /// <exception cref="MissingCapabilityException">The process lacks CAP_NET_ADMIN.</exception>
    /// <exception cref="FlannelException">The kernel refuses for another reason.</exception>
    public static void Translate(string subject, Action action, Func<string, NetlinkException, FlannelException> newException)
    {
        ArgumentNullException.ThrowIfNull(action);
        Translate(
            subject,
            () =>
            {
                action();
                return true;
            },
            newException);
    }
}
