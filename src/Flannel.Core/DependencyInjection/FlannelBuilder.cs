namespace Microsoft.Extensions.DependencyInjection;

internal sealed class FlannelBuilder(string name, IServiceCollection services) : IFlannelBuilder
{
    public string Name { get; } = name;

    public IServiceCollection Services { get; } = services;
}
