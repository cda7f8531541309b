using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Backends.HostGateway.Tests.DependencyInjection;

public sealed class HostGatewayFlannelBuilderExtensionsTests
{
    [Fact]
    public async Task UseHostGateway_Twice_RegistersOneBackend()
    {
        var services = new ServiceCollection();
        services.AddFlannel().UseHostGateway().UseHostGateway();
        await using ServiceProvider provider = services.BuildServiceProvider();

        Assert.Equal("host-gw", Assert.IsType<HostGatewayBackend>(Assert.Single(provider.GetKeyedServices<IBackend>(""))).Name);
    }

    [Fact]
    public async Task UseHostGateway_TwoNetworks_HaveBackendsOfTheirOwn()
    {
        var services = new ServiceCollection();
        services.AddFlannel("red").UseHostGateway();
        services.AddFlannel("blue").UseHostGateway();
        await using ServiceProvider provider = services.BuildServiceProvider();

        Assert.NotSame(Assert.Single(provider.GetKeyedServices<IBackend>("red")), Assert.Single(provider.GetKeyedServices<IBackend>("blue")));
    }
}
