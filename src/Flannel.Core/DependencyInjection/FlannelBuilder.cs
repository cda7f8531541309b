using System.Diagnostics.CodeAnalysis;
using Flannel;
using Flannel.Core.Networks;
using Flannel.Extensibility;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Writes what it is told into a recipe. For a network that is composed at the start it also makes the parts known to the services, under the
/// network's name, and hands options to them, so that they can be configured and read as all others are.
/// </summary>
/// <param name="recipe">The network's recipe.</param>
/// <param name="services">The services being configured; <see langword="null"/> while the process runs.</param>
internal sealed class FlannelBuilder(NetworkRecipe recipe, IServiceCollection? services) : IFlannelBuilder
{
    private bool _isClosed;

    public string Name => recipe.Name;

    public IServiceCollection Services => services ?? throw new InvalidOperationException(
        $"{NetworkName.Of(Name)} is made while the process runs, when no services can be registered any more. Register them beside AddFlannel() or " +
        "AddFlannelNetworks(), and give the network what it needs by its Use… and Configure methods.");

    private bool IsDefault => Name == Options.Options.DefaultName;

    private NetworkRecipe Recipe => !_isClosed
        ? recipe
        : throw new InvalidOperationException(
            $"{NetworkName.Of(Name)} is made already. Call Use… and Configure inside what is passed to CreateAsync().");

    /// <summary>The builder behind the interface.</summary>
    public static FlannelBuilder From(IFlannelBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder as FlannelBuilder ?? throw new ArgumentException(
            $"{builder.GetType()} is none of Flannel's builders. Take what AddFlannel() returns, or what CreateAsync() of IFlannelNetworks hands " +
            "out.", nameof(builder));
    }

    /// <summary>Takes no more.</summary>
    public void Close() => _isClosed = true;

    public void Use(PartRecipe<ILeaseStore> store)
    {
        Recipe.Use(store);
        AnnounceLeases();
    }

    public void Use(PartRecipe<ISubnetManager> manager)
    {
        Recipe.Use(manager);
        AnnounceLeases();
    }

    /// <summary>Makes store and policy known to the services.</summary>
    public void AnnounceLeases()
    {
        Announce(typeof(ILeaseStore), recipe.Store?.Given, static parts => parts.Store!, isUnkeyed: IsDefault);
        Announce(typeof(InMemoryLeaseStore), recipe.Store?.Given as InMemoryLeaseStore, static parts => (parts.Store as InMemoryLeaseStore)!);
        Announce(typeof(ISubnetManager), recipe.SubnetManager?.Given, static parts => parts.SubnetManager, isUnkeyed: IsDefault);
    }

    public void Use(PartRecipe<IHostNetwork> host, bool isUsual)
    {
        if (isUsual) Recipe.UsualHostNetwork = host;
        else Recipe.HostNetwork = host;
    }

    public void Use(PartRecipe<IBackend> backend) => Use(Recipe.Backends, backend, static (parts, place) => parts.Backend(place));

    public void Use(PartRecipe<ITrafficRules> rules) => Use(Recipe.TrafficRules, rules, static (parts, place) => parts.TrafficRule(place));

    public void Set<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TOptions>(
        Action<TOptions, IServiceProvider> configure)
        where TOptions : class
    {
        ArgumentNullException.ThrowIfNull(configure);
        if (services is null) Recipe.For<TOptions>().Add(configure);
        else services.AddOptions<TOptions>(Name).Configure(configure);
    }

    public void Follow<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TOptions>(
        IConfiguration configuration)
        where TOptions : class
    {
        if (services is null) Recipe.For<TOptions>().Follow(configuration);
        else services.AddSingleton<IOptionsChangeTokenSource<TOptions>>(new ConfigurationChangeTokenSource<TOptions>(Name, configuration));
    }

    public void Require<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TOptions>(
        IValidateOptions<TOptions> rule)
        where TOptions : class
    {
        if (services is null) Recipe.For<TOptions>().Add(rule);
        else services.TryAddEnumerable(ServiceDescriptor.Singleton(rule));
    }

    private void Use<TPart>(List<PartRecipe<TPart>> parts, PartRecipe<TPart> part, Func<NetworkParts, int, TPart> get)
        where TPart : class
    {
        int place = NetworkRecipe.Put(parts, part);
        Announce(part.Type, part.Given, known => get(known, place));
    }

    // The service provider must not dispose of what was given, so it is told the part itself then.
    private void Announce<TPart>(Type type, TPart? given, Func<NetworkParts, TPart> get, bool isUnkeyed = false)
        where TPart : class
    {
        if (services is null) return;
        foreach (ServiceDescriptor former in recipe.Announced.GetValueOrDefault(type, [])) services.Remove(former);
        string name = Name;
        ServiceDescriptor keyed = given is null
            ? ServiceDescriptor.KeyedSingleton(name, (provider, key) => get(provider.GetRequiredKeyedService<NetworkParts>(key)))
            : ServiceDescriptor.KeyedSingleton(name, given);
        services.Add(keyed);
        recipe.Announced[type] = [keyed];
        if (!isUnkeyed || services.Any(static service => !service.IsKeyedService && service.ServiceType == typeof(TPart))) return;
        ServiceDescriptor unkeyed = given is null
            ? ServiceDescriptor.Singleton(provider => provider.GetKeyedService<TPart>(name)!)
            : ServiceDescriptor.Singleton(given);
        services.Add(unkeyed);
        recipe.Announced[type] = [keyed, unkeyed];
    }
}
