using System.Security.Cryptography;
using Flannel.Backends.HostGateway;
using Flannel.Core.Backends;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the host-gw backend.</summary>
public static class HostGatewayFlannelBuilderExtensions
{
    /// <summary>
    /// Lets the network use plain routes between hosts on one layer-2 network: its configuration's <c>"Backend":{"Type":"host-gw"}</c> chooses it.
    /// There is nothing to configure. Linux and <c>CAP_NET_ADMIN</c> are needed when the node starts.
    /// </summary>
    /// <param name="builder">The network.</param>
    public static IFlannelBuilder UseHostGateway(this IFlannelBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        IServiceCollection services = builder.Services;
        services.AddFlannelLinux();
        services.TryAddKeyedSingleton(builder.Name, static (provider, _) => CreateBackend(provider));
        bool isRegistered = services.Any(service =>
            service.IsKeyedService && service.ServiceType == typeof(IBackend) && builder.Name.Equals(service.ServiceKey)
            && service.KeyedImplementationFactory?.Method == ((Func<IServiceProvider, object?, IBackend>)GetBackend).Method);
        if (!isRegistered) services.AddKeyedSingleton<IBackend>(builder.Name, GetBackend);
        return builder;
    }

    private static IBackend GetBackend(IServiceProvider provider, object? key) => provider.GetRequiredKeyedService<HostGatewayBackend>(key);

    private static HostGatewayBackend CreateBackend(IServiceProvider provider) => new(
        provider.GetService<TimeProvider>() ?? TimeProvider.System,
        new Random(RandomNumberGenerator.GetInt32(int.MaxValue)),
        (provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger<HostGatewayBackend>());
}
