using System.Security.Cryptography;
using Flannel.Backends.Vxlan;
using Flannel.Core.Backends;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the VXLAN backend.</summary>
public static class VxlanFlannelBuilderExtensions
{
    /// <summary>
    /// Lets the network use VXLAN: its configuration's <c>"Backend":{"Type":"vxlan"}</c> chooses it. The kernel carries the packets; Linux and
    /// <c>CAP_NET_ADMIN</c> are needed when the node starts.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="configure">Sets the options; called again for the same network it adds to them.</param>
    public static IFlannelBuilder UseVxlan(this IFlannelBuilder builder, Action<VxlanBackendOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        IServiceCollection services = builder.Services;
        services.AddFlannelLinux();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<VxlanBackendOptions>, VxlanBackendOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<VxlanBackendOptions>, VxlanBackendOptionsRules>());
        OptionsBuilder<VxlanBackendOptions> options = services.AddOptions<VxlanBackendOptions>(builder.Name).ValidateOnStart();
        if (configure is not null) options.Configure(configure);

        services.TryAddKeyedSingleton(builder.Name, static (provider, key) => CreateBackend(provider, (string)key!));
        bool isRegistered = services.Any(service =>
            service.IsKeyedService && service.ServiceType == typeof(IBackend) && builder.Name.Equals(service.ServiceKey)
            && service.KeyedImplementationFactory?.Method == ((Func<IServiceProvider, object?, IBackend>)GetBackend).Method);
        if (!isRegistered) services.AddKeyedSingleton<IBackend>(builder.Name, GetBackend);
        return builder;
    }

    private static IBackend GetBackend(IServiceProvider provider, object? key) => provider.GetRequiredKeyedService<VxlanBackend>(key);

    private static VxlanBackend CreateBackend(IServiceProvider provider, string name) => new(
        provider.GetRequiredService<IOptionsMonitor<VxlanBackendOptions>>().Get(name),
        provider.GetService<TimeProvider>() ?? TimeProvider.System,
        new Random(RandomNumberGenerator.GetInt32(int.MaxValue)),
        (provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger<VxlanBackend>());
}
