using System.Diagnostics.CodeAnalysis;
using Flannel.Core.Networks;
using Flannel.Extensibility;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Says who keeps a network's leases: a store, over which Flannel decides who gets which subnet, or a subnet manager, which decides by itself. The
/// last call for a network counts, whichever of them it is.
/// </summary>
public static class StoreFlannelBuilderExtensions
{
    /// <summary>Keeps the network's leases in a store of the application's.</summary>
    /// <param name="builder">The network.</param>
    /// <typeparam name="TStore">
    /// The store's type: the service of that type if there is one, which networks share and the service provider disposes of; else a new instance for
    /// the network, with services for the constructor's parameters, which is disposed of with the network.
    /// </typeparam>
    public static IFlannelBuilder UseStore<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TStore>(
        this IFlannelBuilder builder)
        where TStore : class, ILeaseStore => builder.UseStore(PartFactory.Make<TStore>);

    /// <summary>Keeps the network's leases in a store that is made when the network is.</summary>
    /// <param name="builder">The network.</param>
    /// <param name="create">Makes the store from the services and the network's name; called once per network.</param>
    /// <typeparam name="TStore">
    /// The store's type. If it is a service of the process, the service provider disposes of the store; else it is disposed of with the network,
    /// perhaps twice.
    /// </typeparam>
    public static IFlannelBuilder UseStore<TStore>(this IFlannelBuilder builder, Func<IServiceProvider, string, TStore> create)
        where TStore : class, ILeaseStore
    {
        ArgumentNullException.ThrowIfNull(create);
        FlannelBuilder.From(builder).Use(new PartRecipe<ILeaseStore>(typeof(TStore), create));
        return builder;
    }

    /// <summary>Keeps the network's leases in a store that is there already, and that other networks may use too if it is made for that.</summary>
    /// <param name="builder">The network.</param>
    /// <param name="store">The store; whoever made it disposes of it, after the network.</param>
    public static IFlannelBuilder UseStore(this IFlannelBuilder builder, ILeaseStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        FlannelBuilder.From(builder).Use(PartRecipe<ILeaseStore>.Of(store));
        return builder;
    }

    /// <summary>Has the network's leases kept by a subnet manager of the application's, instead of a store.</summary>
    /// <param name="builder">The network.</param>
    /// <typeparam name="TManager">
    /// The manager's type: the service of that type if there is one, which the service provider disposes of; else a new instance for the network,
    /// with services for the constructor's parameters, which is disposed of with the network.
    /// </typeparam>
    public static IFlannelBuilder UseSubnetManager<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TManager>(
        this IFlannelBuilder builder)
        where TManager : class, ISubnetManager => builder.UseSubnetManager(PartFactory.Make<TManager>);

    /// <summary>Has the network's leases kept by a subnet manager, instead of a store.</summary>
    /// <param name="builder">The network.</param>
    /// <param name="create">Makes the manager from the services and the network's name; called once per network.</param>
    /// <typeparam name="TManager">
    /// The manager's type. If it is a service of the process, the service provider disposes of the manager; else it is disposed of with the network,
    /// perhaps twice.
    /// </typeparam>
    public static IFlannelBuilder UseSubnetManager<TManager>(this IFlannelBuilder builder, Func<IServiceProvider, string, TManager> create)
        where TManager : class, ISubnetManager
    {
        ArgumentNullException.ThrowIfNull(create);
        FlannelBuilder.From(builder).Use(new PartRecipe<ISubnetManager>(typeof(TManager), create));
        return builder;
    }

    /// <summary>Has the network's leases kept by a subnet manager that is there already, instead of a store.</summary>
    /// <param name="builder">The network.</param>
    /// <param name="manager">The manager; whoever made it disposes of it, after the network.</param>
    public static IFlannelBuilder UseSubnetManager(this IFlannelBuilder builder, ISubnetManager manager)
    {
        ArgumentNullException.ThrowIfNull(manager);
        FlannelBuilder.From(builder).Use(PartRecipe<ISubnetManager>.Of(manager));
        return builder;
    }
}
