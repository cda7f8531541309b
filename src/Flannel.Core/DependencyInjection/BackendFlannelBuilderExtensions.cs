using System.Diagnostics.CodeAnalysis;
using Flannel.Core.Networks;
using Flannel.Extensibility;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers backends, those of this library and others.</summary>
public static class BackendFlannelBuilderExtensions
{
    /// <summary>
    /// Lets the network use a backend of the application's: its configuration's <c>"Backend":{"Type":"…"}</c> chooses it by
    /// <see cref="IBackend.Name"/>.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <typeparam name="TBackend">
    /// The backend's type: the service of that type if there is one; else a new instance for the network, with services for the constructor's
    /// parameters.
    /// </typeparam>
    public static IFlannelBuilder UseBackend<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TBackend>(
        this IFlannelBuilder builder)
        where TBackend : class, IBackend => builder.UseBackend(PartFactory.Make<TBackend>);

    /// <summary>
    /// Lets the network use a backend: its configuration's <c>"Backend":{"Type":"…"}</c> chooses it by <see cref="IBackend.Name"/>. Calling it again
    /// for the same type replaces the first one; another type with the same name is refused when the network is made.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="create">Makes the backend from the services and the network's name; called once per network.</param>
    /// <typeparam name="TBackend">
    /// The backend's type. Unless it is a service of the process, it is disposed of with the network, perhaps twice.
    /// </typeparam>
    public static IFlannelBuilder UseBackend<TBackend>(this IFlannelBuilder builder, Func<IServiceProvider, string, TBackend> create)
        where TBackend : class, IBackend
    {
        ArgumentNullException.ThrowIfNull(create);
        FlannelBuilder.From(builder).Use(new PartRecipe<IBackend>(typeof(TBackend), create));
        return builder;
    }

    /// <summary>Lets the network use a backend that is there already.</summary>
    /// <param name="builder">The network.</param>
    /// <param name="backend">The backend; whoever made it disposes of it, after the network.</param>
    public static IFlannelBuilder UseBackend(this IFlannelBuilder builder, IBackend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        FlannelBuilder.From(builder).Use(PartRecipe<IBackend>.Of(backend));
        return builder;
    }
}
