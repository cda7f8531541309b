using System.Diagnostics.CodeAnalysis;
using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Core.Networks;

/// <summary>
/// What a network is made of, as its builder was told. Where there can be one of a kind, the last one told counts; a store and a subnet manager are
/// of one kind, for either keeps the leases.
/// </summary>
internal sealed class NetworkRecipe(string name)
{
    private readonly Dictionary<Type, OptionsRecipe> _options = [];

    public string Name { get; } = name;

    /// <summary>Whether this host has a node of the network, or only looks after it.</summary>
    public bool HasNode { get; set; }

    public PartRecipe<ILeaseStore>? Store { get; private set; }

    public PartRecipe<ISubnetManager>? SubnetManager { get; private set; }

    public PartRecipe<IHostNetwork>? HostNetwork { get; set; }

    /// <summary>What to take if nobody said what the host's network is.</summary>
    public PartRecipe<IHostNetwork>? UsualHostNetwork { get; set; }

    /// <summary>One of a type: another one of the same type replaces it where it stands.</summary>
    public List<PartRecipe<IBackend>> Backends { get; } = [];

    /// <summary>One of a type: another one of the same type replaces it where it stands.</summary>
    public List<PartRecipe<ITrafficRules>> TrafficRules { get; } = [];

    /// <summary>How the services know the parts, by what tells parts of a kind apart.</summary>
    public Dictionary<Type, ServiceDescriptor[]> Announced { get; } = [];

    /// <summary>Options that are told to this recipe instead of the services.</summary>
    public IEnumerable<OptionsRecipe> Options => _options.Values;

    /// <summary>The recipe of a network among the services being configured.</summary>
    public static NetworkRecipe? Find(IServiceCollection services, string name) =>
        services.Select(static service => service.IsKeyedService ? null : service.ImplementationInstance)
            .OfType<NetworkRecipe>().FirstOrDefault(recipe => recipe.Name == name);

    public void Use(PartRecipe<ILeaseStore> store) => (Store, SubnetManager) = (store, null);

    public void Use(PartRecipe<ISubnetManager> manager) => (Store, SubnetManager) = (null, manager);

    /// <summary>The recipe of one type of options.</summary>
    public OptionsRecipe<TOptions> For<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TOptions>()
        where TOptions : class
    {
        if (_options.GetValueOrDefault(typeof(TOptions)) is OptionsRecipe<TOptions> known) return known;
        var recipe = new OptionsRecipe<TOptions>(Name);
        _options.Add(typeof(TOptions), recipe);
        return recipe;
    }

    /// <summary>Adds a part, or puts it in the place of the one of its type.</summary>
    /// <returns>Its place.</returns>
    public static int Put<TPart>(List<PartRecipe<TPart>> parts, PartRecipe<TPart> part)
        where TPart : class
    {
        int place = parts.FindIndex(other => other.Type == part.Type);
        if (place < 0)
        {
            parts.Add(part);
            return parts.Count - 1;
        }

        parts[place] = part;
        return place;
    }
}
