using System.Runtime.Versioning;
using Flannel.Extensibility;
using Flannel.Linux.Hosts;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets networks see this Linux host.</summary>
public static class LinuxFlannelBuilderExtensions
{
    /// <summary>
    /// Lets the network see the Linux kernel's network, unless it or the services have another <see cref="IHostNetwork"/>. The backends for Linux
    /// call it; an application has to only if it uses none of them (<c>UseAlloc</c>). On other systems the node does not start, and says so.
    /// </summary>
    /// <param name="builder">The network.</param>
    public static IFlannelBuilder UseLinux(this IFlannelBuilder builder) => OperatingSystem.IsLinux()
        ? builder.UseHostNetwork(CreateHostNetwork, onlyIfNone: true)
        : builder.UseHostNetwork(static (_, _) => new UnsupportedHostNetwork(), onlyIfNone: true);

    [SupportedOSPlatform("linux")]
    private static LinuxHostNetwork CreateHostNetwork(IServiceProvider provider, string network) => CreateHostNetwork(provider);

    /// <summary>A host application need not register logging.</summary>
    [SupportedOSPlatform("linux")]
    internal static LinuxHostNetwork CreateHostNetwork(IServiceProvider provider) =>
        new(
            provider.GetTime(),
            provider.GetLogger<LinuxHostNetwork>());
}
