using Flannel;
using Flannel.Core.Configuration.Options;
using Flannel.Core.Hosting;
using Flannel.Core.Networks;
using Flannel.Core.Sessions;
using Flannel.Extensibility;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers Flannel networks.</summary>
public static class FlannelServiceCollectionExtensions
{
    /// <summary>
    /// Registers <see cref="IFlannelNetworks"/>, which makes networks while the process runs. A generic host stops them with all others.
    /// <c>AddFlannel</c> does this too.
    /// </summary>
    /// <param name="services">The services.</param>
    public static IServiceCollection AddFlannelNetworks(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<FlannelOptions>, FlannelOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<FlannelOptions>, FlannelOptionsRules>());
        services.TryAddSingleton<NetworkClaims>();
        services.TryAddSingleton(static provider => new SharedParts(provider));
        services.TryAddSingleton<FlannelNetworks>();
        services.TryAddSingleton<IFlannelNetworks>(static provider => provider.GetRequiredService<FlannelNetworks>());
        services.TryAddTransient<NetworkLifetime>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, FlannelHostedService>());
        return services;
    }

    /// <summary>
    /// Registers this host's node of the default network, resolved as <see cref="IFlannelNode"/>. A generic host starts and stops it; without
    /// one, call <see cref="IFlannelNode.StartAsync"/>. Name a store and at least one backend on the builder that is returned.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options; called again for the same network it adds to them.</param>
    public static IFlannelBuilder AddFlannel(this IServiceCollection services, Action<FlannelOptions>? configure = null) =>
        services.AddFlannel(Options.Options.DefaultName, configure);

    /// <summary>Registers this host's node of the default network with options that services help to set.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options, given the services of the process.</param>
    public static IFlannelBuilder AddFlannel(this IServiceCollection services, Action<FlannelOptions, IServiceProvider> configure) =>
        services.AddFlannel(Options.Options.DefaultName, configure);

    /// <summary>Registers this host's node of the default network with options bound from configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configuration">The section that holds the <see cref="FlannelOptions"/>.</param>
    public static IFlannelBuilder AddFlannel(this IServiceCollection services, IConfiguration configuration) =>
        services.AddFlannel(Options.Options.DefaultName, configuration);

    /// <summary>
    /// Registers a node of a named network, so that several networks (or several hosts as network namespaces) run side by side. It is resolved
    /// as a keyed <see cref="IFlannelNode"/>, its policy and its store as keyed <see cref="ISubnetManager"/> and <see cref="ILeaseStore"/>; those of
    /// the default network also without a key.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The network's name.</param>
    /// <param name="configure">Sets the options; called again for the same network it adds to them.</param>
    public static IFlannelBuilder AddFlannel(this IServiceCollection services, string name, Action<FlannelOptions>? configure = null) =>
        Compose(services, name).Configure<FlannelOptions>(configure);

    /// <summary>Registers a node of a named network with options that services help to set.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The network's name.</param>
    /// <param name="configure">Sets the options, given the services of the process.</param>
    public static IFlannelBuilder AddFlannel(this IServiceCollection services, string name, Action<FlannelOptions, IServiceProvider> configure) =>
        Compose(services, name).Configure<FlannelOptions>(configure);

    /// <summary>Registers this host's node of a named network with options bound from configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The network's name.</param>
    /// <param name="configuration">The section that holds the <see cref="FlannelOptions"/>.</param>
    public static IFlannelBuilder AddFlannel(this IServiceCollection services, string name, IConfiguration configuration) =>
        Compose(services, name).Configure(configuration);

    private static FlannelBuilder Compose(IServiceCollection services, string name)
    {
        services.AddFlannelNetworks();
        ArgumentNullException.ThrowIfNull(name);
        services.AddFlannelAdministration(name);
        NetworkRecipe recipe = NetworkRecipe.Find(services, name)!;
        var builder = new FlannelBuilder(recipe, services);
        if (recipe.HasNode) return builder;

        recipe.HasNode = true;
        services.AddKeyedSingleton<IFlannelNode>(
            name, static (provider, key) => provider.GetRequiredService<FlannelNetworks>().Compose((string)key!));
        if (name == Options.Options.DefaultName)
            services.AddSingleton(static provider => provider.GetRequiredKeyedService<IFlannelNode>(Options.Options.DefaultName));
        return builder;
    }
}
