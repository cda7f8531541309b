using System.Diagnostics.Metrics;
using Flannel.Backends.Udp;
using Flannel.Core.Backends;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the UDP backend.</summary>
public static class UdpFlannelBuilderExtensions
{
    /// <summary>
    /// Lets the network use UDP: its configuration's <c>"Backend":{"Type":"udp"}</c> chooses it, and so does a configuration without a backend.
    /// Packets pass through this process; Linux, <c>/dev/net/tun</c> and <c>CAP_NET_ADMIN</c> are needed when the node starts.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="configure">Sets the options; called again for the same network it adds to them.</param>
    public static IFlannelBuilder UseUdp(this IFlannelBuilder builder, Action<UdpBackendOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        IServiceCollection services = builder.Services;
        services.AddFlannelLinux();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<UdpBackendOptions>, UdpBackendOptionsValidator>());
        OptionsBuilder<UdpBackendOptions> options = services.AddOptions<UdpBackendOptions>(builder.Name).ValidateOnStart();
        if (configure is not null) options.Configure(configure);

        services.TryAddKeyedSingleton(builder.Name, static (provider, key) => CreateBackend(provider, (string)key!));
        bool isRegistered = services.Any(service =>
            service.IsKeyedService && service.ServiceType == typeof(IBackend) && builder.Name.Equals(service.ServiceKey)
            && service.KeyedImplementationFactory?.Method == ((Func<IServiceProvider, object?, IBackend>)GetBackend).Method);
        if (!isRegistered) services.AddKeyedSingleton<IBackend>(builder.Name, GetBackend);
        return builder;
    }

    private static IBackend GetBackend(IServiceProvider provider, object? key) => provider.GetRequiredKeyedService<UdpBackend>(key);

    private static UdpBackend CreateBackend(IServiceProvider provider, string name) => new(
        provider.GetRequiredService<IOptionsMonitor<UdpBackendOptions>>().Get(name),
        provider.GetService<TimeProvider>() ?? TimeProvider.System,
        provider.GetService<IMeterFactory>(),
        (provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger<UdpBackend>());
}
