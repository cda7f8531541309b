using System.Diagnostics.CodeAnalysis;
using Flannel;
using Flannel.Core.Networks;
using Flannel.Extensibility;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Says how a network sees the host and its packet filter. Without any of it the <see cref="IHostNetwork"/> of the services is used; the backends for
/// Linux bring one along for where there is none.
/// </summary>
public static class HostFlannelBuilderExtensions
{
    /// <summary>Lets the network see the host's network through a type of the application's. The last call counts.</summary>
    /// <param name="builder">The network.</param>
    /// <typeparam name="THost">
    /// The type: the service of that type if there is one; else a new instance for the network, with services for the constructor's parameters.
    /// </typeparam>
    public static IFlannelBuilder UseHostNetwork<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THost>(
        this IFlannelBuilder builder)
        where THost : class, IHostNetwork => builder.UseHostNetwork(PartFactory.Make<THost>);

    /// <summary>Lets the network see the host's network through something that is made when the network is. The last call counts.</summary>
    /// <param name="builder">The network.</param>
    /// <param name="create">Makes it from the services and the network's name; called once per network.</param>
    /// <param name="onlyIfNone">Whether it is used only if neither the network nor the services have another one, as backends want it.</param>
    /// <typeparam name="THost">The type. Unless it is a service of the process, it is disposed of with the network, perhaps twice.</typeparam>
    public static IFlannelBuilder UseHostNetwork<THost>(
        this IFlannelBuilder builder, Func<IServiceProvider, string, THost> create, bool onlyIfNone = false)
        where THost : class, IHostNetwork
    {
        ArgumentNullException.ThrowIfNull(create);
        FlannelBuilder.From(builder).Use(new PartRecipe<IHostNetwork>(typeof(THost), create), onlyIfNone);
        return builder;
    }

    /// <summary>Lets the network see the host's network through something that is there already. The last call counts.</summary>
    /// <param name="builder">The network.</param>
    /// <param name="host">The host's network; whoever made it disposes of it, after the network.</param>
    public static IFlannelBuilder UseHostNetwork(this IFlannelBuilder builder, IHostNetwork host)
    {
        ArgumentNullException.ThrowIfNull(host);
        FlannelBuilder.From(builder).Use(PartRecipe<IHostNetwork>.Of(host), isUsual: false);
        return builder;
    }

    /// <summary>
    /// Lets the network use a packet filter. One for each <see cref="PacketFilter"/> is asked for; calling it again for the same type replaces it.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="create">Makes the rules' keeper from the services and the network's name; called once per network.</param>
    /// <typeparam name="TRules">The type. Unless it is a service of the process, it is disposed of with the network, perhaps twice.</typeparam>
    public static IFlannelBuilder UseTrafficRules<TRules>(this IFlannelBuilder builder, Func<IServiceProvider, string, TRules> create)
        where TRules : class, ITrafficRules
    {
        ArgumentNullException.ThrowIfNull(create);
        FlannelBuilder.From(builder).Use(new PartRecipe<ITrafficRules>(typeof(TRules), create));
        return builder;
    }
}
