using System.Diagnostics.Metrics;
using Flannel;
using Flannel.Extensibility;
using Flannel.Store.Etcd;
using Flannel.Store.Etcd.Client;
using Flannel.Store.Etcd.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
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
    public static IFlannelBuilder UseEtcd(this IFlannelBuilder builder, Action<EtcdStoreOptions>? configure = null) =>
        builder.Configure<EtcdStoreOptions>(configure).AddEtcd();

    /// <summary>Uses etcd with options that services help to set; as <see cref="UseEtcd(IFlannelBuilder, Action{EtcdStoreOptions}?)"/>.</summary>
    /// <param name="builder">The network.</param>
    /// <param name="configure">Sets the options, given the services of the process.</param>
    public static IFlannelBuilder UseEtcd(this IFlannelBuilder builder, Action<EtcdStoreOptions, IServiceProvider> configure) =>
        builder.Configure(configure).AddEtcd();

    /// <summary>Uses etcd with options bound from configuration; as <see cref="UseEtcd(IFlannelBuilder, Action{EtcdStoreOptions}?)"/>.</summary>
    /// <param name="builder">The network.</param>
    /// <param name="configuration">The section that holds the <see cref="EtcdStoreOptions"/>.</param>
    public static IFlannelBuilder UseEtcd(this IFlannelBuilder builder, IConfiguration configuration) =>
        builder.Configure<EtcdStoreOptions>(configuration, static (section, options) => section.Bind(options)).AddEtcd();

    private static IFlannelBuilder AddEtcd(this IFlannelBuilder builder) => builder
        .Validate(new EtcdStoreOptionsValidator())
        .Validate(new EtcdStoreOptionsRules())
        .UseStore(CreateStore);

    private static EtcdLeaseStore CreateStore(IServiceProvider provider, string name)
    {
        EtcdStoreOptions options = provider.GetRequiredService<IOptionsMonitor<EtcdStoreOptions>>().Get(name);
        TimeProvider time = provider.GetTime();
        ILogger<EtcdLeaseStore> logger = provider.GetLogger<EtcdLeaseStore>();
        var metrics = new EtcdMetrics(provider.GetService<IMeterFactory>(), name);
        EtcdConnection connection = provider.GetRequiredService<SharedParts>().Get(static _ => new EtcdConnections())
            .Get(options, () => new EtcdConnection(options, time, HostServices.NewRandom(), logger, metrics));
        return new EtcdLeaseStore(connection, options, time, logger, metrics);
    }
}
