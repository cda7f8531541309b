using Flannel.Extensibility;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Core.Tests.Networks;

/// <summary>A service provider with networks on a fake host and fake backends.</summary>
internal sealed class NetworksFixture : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static int _ranges;

    public NetworksFixture(Action<IServiceCollection>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IHostNetwork>(Host).AddFlannelNetworks();
        configure?.Invoke(services);
        Provider = services.BuildServiceProvider();
        Networks = Provider.GetRequiredService<IFlannelNetworks>();
    }

    public InMemoryHostNetwork Host { get; } = new();

    public ServiceProvider Provider { get; }

    public IFlannelNetworks Networks { get; }

    /// <summary>A configuration with a range that no other has.</summary>
    public static string NewConfig() => $$$"""{"Network":"10.{{{Interlocked.Increment(ref _ranges) % 250}}}.0.0/16","Backend":{"Type":"fake"}}""";

    /// <summary>Says that a network has a store and a backend of its own.</summary>
    public static void Usual(IFlannelBuilder network) => network.UseInMemoryStore(NewConfig()).UseBackend(new FakeBackend());

    public async Task<IFlannelNode> ReadyAsync(string name, Action<IFlannelBuilder>? configure = null)
    {
        IFlannelNode node = await Networks.CreateAsync(name, configure ?? Usual);
        await node.WaitForReadyAsync(Limit);
        return node;
    }

    public ValueTask DisposeAsync() => Provider.DisposeAsync();
}
