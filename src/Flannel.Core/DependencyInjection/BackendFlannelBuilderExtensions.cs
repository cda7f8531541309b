using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers backends, those of this library and others.</summary>
public static class BackendFlannelBuilderExtensions
{
    /// <summary>
    /// Lets the network use a backend: its configuration's <c>"Backend":{"Type":"…"}</c> chooses it by <see cref="IBackend.Name"/>. Calling it again
    /// for the same network and type changes nothing.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="create">Makes the backend from the services and the network's name; called once, when a node starts.</param>
    /// <typeparam name="TBackend">The backend's type.</typeparam>
    public static IFlannelBuilder UseBackend<TBackend>(this IFlannelBuilder builder, Func<IServiceProvider, string, TBackend> create)
        where TBackend : class, IBackend
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(create);
        builder.Services.TryAddEnumerable(
            ServiceDescriptor.KeyedSingleton<IBackend, TBackend>(builder.Name, (provider, key) => create(provider, (string)key!)));
        return builder;
    }
}
