using System.Runtime.Versioning;
using Flannel.Extensibility;
using Flannel.Linux.Hosts;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Registers the Linux platform layer. Backends for Linux call it; an application has to only if it uses none of them (<c>UseAlloc</c>).
/// </summary>
public static class FlannelLinuxServiceCollectionExtensions
{
    /// <summary>
    /// Registers the Linux kernel's network as <see cref="IHostNetwork"/>, unless there is one already. On other systems its checks fail, saying so.
    /// </summary>
    /// <param name="services">The services.</param>
    public static IServiceCollection AddFlannelLinux(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (OperatingSystem.IsLinux())
            services.TryAddSingleton<IHostNetwork>(CreateHostNetwork);
        else
            services.TryAddSingleton<IHostNetwork, UnsupportedHostNetwork>();
        return services;
    }

    /// <summary>A host application need not register logging.</summary>
    [SupportedOSPlatform("linux")]
    private static LinuxHostNetwork CreateHostNetwork(IServiceProvider provider) =>
        new(
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            (provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger<LinuxHostNetwork>());
}
