using Flannel;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps a network's leases in the process's memory.</summary>
public static class InMemoryStoreFlannelBuilderExtensions
{
    /// <summary>
    /// Uses a store that other nodes of this process share. Each network (not each node) has one.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="store">The store, with the network's configuration in it.</param>
    public static IFlannelBuilder UseInMemoryStore(this IFlannelBuilder builder, InMemoryLeaseStore store) => builder.UseStore(store);

    /// <summary>
    /// Uses a store of the network's own. Put the configuration into it if it is not known yet:
    /// <c>((InMemoryLeaseStore)node.Store!).SetConfig(…)</c>, or, of a network that was composed at the start,
    /// <c>provider.GetRequiredKeyedService&lt;InMemoryLeaseStore&gt;(name).SetConfig(…)</c>.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="config">The network's configuration as a JSON document, if it is known already.</param>
    public static IFlannelBuilder UseInMemoryStore(this IFlannelBuilder builder, string? config = null) =>
        builder.UseStore((provider, _) => new InMemoryLeaseStore(config, provider.GetService<TimeProvider>()));
}
