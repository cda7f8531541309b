using Flannel;
using Flannel.Core.Administration;
using Flannel.Core.Networks;
using Flannel.Core.Observation;
using Flannel.Core.Stores;
using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the administration of Flannel networks.</summary>
public static class AdministrationServiceCollectionExtensions
{
    /// <summary>
    /// Registers <see cref="IFlannelAdministration"/> and <see cref="IFlannelObserver"/> of a network, without a node: for programs that look after a
    /// network and are no part of it. Name the store on the builder that is returned, such as <c>UseEtcd()</c>; a backend of your own
    /// (<c>UseBackend()</c>) is asked about its block of the configuration. <c>AddFlannel()</c> registers the same for its network.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="name">
    /// The network's name, by which both are keyed; empty (default) for the default network, which is resolved without a key as well.
    /// </param>
    public static IFlannelBuilder AddFlannelAdministration(this IServiceCollection services, string name = "")
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(name);
        if (NetworkRecipe.Find(services, name) is { } known) return new FlannelBuilder(known, services);

        var recipe = new NetworkRecipe(name);
        services.AddOptions();
        services.TryAddSingleton(static provider => new SharedParts(provider));
        services.AddSingleton(recipe);
        services.AddKeyedSingleton(name, (provider, _) => new NetworkParts(recipe, provider));
        services.TryAddKeyedSingleton<IFlannelAdministration>(name, static (provider, key) => new FlannelAdministration(
            (string)key!,
            DeadlineLeaseStore.OfAdministration(Store(provider, (string)key!), provider.GetTime()),
            () => provider.GetKeyedServices<IBackend>(key),
            provider.GetLogger<FlannelAdministration>()));
        services.TryAddKeyedSingleton<IFlannelObserver>(name, static (provider, key) => new FlannelObserver(
            (string)key!,
            DeadlineLeaseStore.OfAdministration(Store(provider, (string)key!), provider.GetTime()),
            provider.GetTime(),
            provider.GetLogger<FlannelObserver>()));
        if (name.Length == 0)
        {
            services.TryAddSingleton(static provider => provider.GetRequiredKeyedService<IFlannelAdministration>(string.Empty));
            services.TryAddSingleton(static provider => provider.GetRequiredKeyedService<IFlannelObserver>(string.Empty));
        }

        var builder = new FlannelBuilder(recipe, services);
        builder.AnnounceLeases();
        return builder;
    }

    private static ILeaseStore Store(IServiceProvider provider, string name) =>
        provider.GetKeyedService<ILeaseStore>(name) ?? throw new StoreNotSupportedException(
            $"{NetworkName.Of(name)} has no lease store, over which it could be administered or observed: its subnet manager keeps the leases " +
            "itself, as that of Kubernetes does. Look after it there.");
}
