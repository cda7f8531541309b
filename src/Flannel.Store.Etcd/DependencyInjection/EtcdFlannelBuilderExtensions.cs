using System.Diagnostics.Metrics;
using Flannel;
using Flannel.Extensibility;
using Flannel.Store.Etcd;
using Flannel.Store.Etcd.Diagnostics;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps a network's leases in etcd.</summary>
public static class EtcdFlannelBuilderExtensions
{
    /// <summary>
    /// Uses etcd v3 for the network's configuration and leases, with flannel's keys and documents, so that nodes of flannel are peers. Without
    /// options it is the etcd of this host, <c>http://127.0.0.1:2379</c>.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="configure">Sets the options; called again for the same network it adds to them.</param>
    public static IFlannelBuilder UseEtcd(this IFlannelBuilder builder, Action<EtcdStoreOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        IServiceCollection services = builder.Services;
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EtcdStoreOptions>, EtcdStoreOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<EtcdStoreOptions>, EtcdStoreOptionsRules>());
        OptionsBuilder<EtcdStoreOptions> options = services.AddOptions<EtcdStoreOptions>(builder.Name).ValidateOnStart();
        if (configure is not null) options.Configure(configure);
        services.TryAddKeyedSingleton<ILeaseStore>(builder.Name, static (provider, key) => CreateStore(provider, (string)key!));
        return builder;
    }

    private static EtcdLeaseStore CreateStore(IServiceProvider provider, string name) => new(
        provider.GetRequiredService<IOptionsMonitor<EtcdStoreOptions>>().Get(name),
        provider.GetService<TimeProvider>() ?? TimeProvider.System,
        new Random(Guid.NewGuid().GetHashCode()),
        (provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger<EtcdLeaseStore>(),
        new EtcdMetrics(provider.GetService<IMeterFactory>(), name));
}
