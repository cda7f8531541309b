using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Flannel.Core.Networks;

/// <summary>
/// How the options of one type come about in a network that is made while the process runs, when nothing can be added to the services.
/// </summary>
internal abstract class OptionsRecipe
{
    /// <summary>Makes what delivers the options.</summary>
    /// <param name="services">The services of the process, whose settings count before the recipe's.</param>
    /// <returns>The type to ask for, and the monitor, which the caller disposes of.</returns>
    public abstract (Type Type, IDisposable Monitor) MakeMonitor(IServiceProvider services);
}

/// <summary>The recipe of one type of options.</summary>
/// <param name="name">The network's name, which is the options' name.</param>
internal sealed class OptionsRecipe<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TOptions>(
    string name) : OptionsRecipe
    where TOptions : class
{
    private readonly List<Action<TOptions, IServiceProvider>> _settings = [];
    private readonly List<IOptionsChangeTokenSource<TOptions>> _sources = [];
    private readonly List<IValidateOptions<TOptions>> _rules = [];

    public void Add(Action<TOptions, IServiceProvider> setting) => _settings.Add(setting);

    public void Follow(IConfiguration configuration) => _sources.Add(new ConfigurationChangeTokenSource<TOptions>(name, configuration));

    public void Add(IValidateOptions<TOptions> rule)
    {
        if (!_rules.Exists(other => other.GetType() == rule.GetType())) _rules.Add(rule);
    }

    public override (Type Type, IDisposable Monitor) MakeMonitor(IServiceProvider services)
    {
        IValidateOptions<TOptions>[] registered = [.. services.GetServices<IValidateOptions<TOptions>>()];
        var factory = new OptionsFactory<TOptions>(
            [
                .. services.GetServices<IConfigureOptions<TOptions>>(),
                .. _settings.Select(setting => new ConfigureNamedOptions<TOptions, IServiceProvider>(name, services, setting)),
            ],
            services.GetServices<IPostConfigureOptions<TOptions>>(),
            [.. registered, .. _rules.Where(rule => registered.All(other => other.GetType() != rule.GetType()))]);
        var monitor = new OptionsMonitor<TOptions>(
            factory, [.. services.GetServices<IOptionsChangeTokenSource<TOptions>>(), .. _sources], new OptionsCache<TOptions>());
        return (typeof(IOptionsMonitor<TOptions>), monitor);
    }
}
