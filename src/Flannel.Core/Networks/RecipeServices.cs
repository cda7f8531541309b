using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Core.Networks;

/// <summary>
/// The services of the process as the factories of a network see them that is made while the process runs: with the network's own options. It makes
/// nothing itself and holds nothing but the options.
/// </summary>
internal sealed class RecipeServices : IKeyedServiceProvider, IDisposable
{
    private readonly IServiceProvider _services;
    private readonly Dictionary<Type, IDisposable> _monitors;

    public RecipeServices(IServiceProvider services, NetworkRecipe recipe)
    {
        _services = services;
        _monitors = recipe.Options.Select(options => options.MakeMonitor(services)).ToDictionary(made => made.Type, made => made.Monitor);
    }

    public object? GetService(Type serviceType) =>
        serviceType == typeof(IServiceProvider) ? this : _monitors.GetValueOrDefault(serviceType) ?? _services.GetService(serviceType);

    public object? GetKeyedService(Type serviceType, object? serviceKey) => Keyed.GetKeyedService(serviceType, serviceKey);

    public object GetRequiredKeyedService(Type serviceType, object? serviceKey) => Keyed.GetRequiredKeyedService(serviceType, serviceKey);

    public void Dispose()
    {
        foreach (IDisposable monitor in _monitors.Values) monitor.Dispose();
    }

    private IKeyedServiceProvider Keyed =>
        _services as IKeyedServiceProvider ?? throw new InvalidOperationException("The service provider of this process has no keyed services.");
}
