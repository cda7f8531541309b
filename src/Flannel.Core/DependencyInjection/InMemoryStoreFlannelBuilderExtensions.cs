using Flannel;
using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps a network's leases in the process's memory.</summary>
public static class InMemoryStoreFlannelBuilderExtensions
{
    /// <summary>
    /// Uses a store that other nodes of this process share. Each network (not each node) has a store of its own.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="store">The store, with the network's configuration in it.</param>
    public static IFlannelBuilder UseInMemoryStore(this IFlannelBuilder builder, InMemoryLeaseStore store)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(store);
        builder.Services.TryAddKeyedSingleton<ILeaseStore>(builder.Name, store);
        return builder;
    }

    /// <summary>
    /// Uses a store of the network's own, resolved as a keyed <see cref="InMemoryLeaseStore"/> to put the configuration in:
    /// <c>provider.GetRequiredKeyedService&lt;InMemoryLeaseStore&gt;(name).SetConfig(…)</c>.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="config">The network's configuration as a JSON document, if it is known already.</param>
    public static IFlannelBuilder UseInMemoryStore(this IFlannelBuilder builder, string? config = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddKeyedSingleton(builder.Name, (provider, _) => new InMemoryLeaseStore(config, provider.GetService<TimeProvider>()));
        builder.Services.TryAddKeyedSingleton<ILeaseStore>(builder.Name, static (provider, key) => provider.GetRequiredKeyedService<InMemoryLeaseStore>(key));
        return builder;
    }
}
