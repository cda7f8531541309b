using Flannel.Extensibility;
using Flannel.Linux.Hosts;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the Linux platform layer.</summary>
public static class FlannelLinuxServiceCollectionExtensions
{
    /// <summary>
    /// Registers the Linux kernel's network as <see cref="IHostNetwork"/> for all networks of the process, unless there is one already. Backends for
    /// Linux bring it along by <c>UseLinux()</c>. On other systems its checks fail, saying so.
    /// </summary>
    /// <param name="services">The services.</param>
    public static IServiceCollection AddFlannelLinux(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (OperatingSystem.IsLinux())
            services.TryAddSingleton<IHostNetwork>(LinuxFlannelBuilderExtensions.CreateHostNetwork);
        else
            services.TryAddSingleton<IHostNetwork, UnsupportedHostNetwork>();
        return services;
    }
}
