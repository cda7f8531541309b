using Flannel.Extensibility;
using Flannel.Lab.Etcd;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Flannel.Integration.Tests.Guides;

/// <summary>The guide does what it says.</summary>
public sealed class SeveralNetworksTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public async Task Guide_MakesANetworkInEtcdAndRemovesIt()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await server.RunAsync("put", "/networks/tenant-a/config", """{"Network":"10.7.0.0/16","Backend":{"Type":"alloc"}}""");
        var services = new ServiceCollection();
        services.AddSingleton<IHostNetwork>(new InMemoryHostNetwork()).AddFlannelNetworks();
        services.ConfigureAll<EtcdStoreOptions>(options => options.Endpoints = server.Endpoints);
        services.ConfigureAll<FlannelOptions>(options => options.StopMode = StopMode.Detach);
        await using ServiceProvider provider = services.BuildServiceProvider();
        var networks = provider.GetRequiredService<IFlannelNetworks>();
        using var limit = new CancellationTokenSource(Limit);

        // The sample's backend is not the configuration's, and its subnet file is the system's: the node says so, and is removed all the same.
        await Assert.ThrowsAsync<UnknownBackendException>(() => SeveralNetworksSample.MakeAsync(provider, "tenant-a", limit.Token));
        await SeveralNetworksSample.RemoveAsync(networks, "tenant-a", limit.Token);

        Assert.Empty(networks.All);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Guide_ComposesAndOverrides(bool isTest)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Configuration["Blue:Etcd:Prefix"] = "/networks/blue";
        builder.Configuration["Blue:MaxPeers"] = "17";
        SeveralNetworksSample.Compose(builder);
        if (isTest) SeveralNetworksSample.Test(builder.Services);
        using IHost host = builder.Build();
        var networks = host.Services.GetRequiredService<IFlannelNetworks>();

        Assert.Equal(["blue", "red"], networks.All.Select(node => node.Name).Order(StringComparer.Ordinal));
        Assert.Equal("/networks/blue", host.Services.GetRequiredService<IOptionsMonitor<EtcdStoreOptions>>().Get("blue").Prefix);
        Assert.Equal(17, host.Services.GetRequiredService<IOptionsMonitor<FlannelOptions>>().Get("blue").MaxPeers);
        Assert.Equal(isTest, networks.Find("red")!.Store is InMemoryLeaseStore);
    }
}
