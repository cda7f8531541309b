using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Flannel.Backends.Vxlan.Tests.DependencyInjection;

public sealed class VxlanFlannelBuilderExtensionsTests
{
    [Fact]
    public async Task UseVxlan_Twice_RegistersOneBackendWithBothConfigurations()
    {
        var services = new ServiceCollection();
        services.AddFlannel().UseVxlan(o => o.NexthopThreshold = 7).UseVxlan(o => o.MacAddress = "02:00:00:00:00:01");
        await using ServiceProvider provider = services.BuildServiceProvider();

        Assert.IsType<VxlanBackend>(Assert.Single(provider.GetKeyedServices<IBackend>("")));
        VxlanBackendOptions options = provider.GetRequiredService<IOptionsMonitor<VxlanBackendOptions>>().Get("");
        Assert.Equal((7, "02:00:00:00:00:01"), (options.NexthopThreshold, options.MacAddress));
    }

    [Fact]
    public async Task UseVxlan_TwoNetworks_HaveBackendsAndOptionsOfTheirOwn()
    {
        var services = new ServiceCollection();
        services.AddFlannel("red").UseVxlan(o => o.NexthopThreshold = 1);
        services.AddFlannel("blue").UseVxlan(o => o.NexthopThreshold = 2);
        await using ServiceProvider provider = services.BuildServiceProvider();

        Assert.NotSame(Assert.Single(provider.GetKeyedServices<IBackend>("red")), Assert.Single(provider.GetKeyedServices<IBackend>("blue")));
        var options = provider.GetRequiredService<IOptionsMonitor<VxlanBackendOptions>>();
        Assert.Equal((1, 2), (options.Get("red").NexthopThreshold, options.Get("blue").NexthopThreshold));
    }

    [Fact]
    public async Task UseVxlan_InvalidOptions_FailAtStartWithEveryReason()
    {
        var services = new ServiceCollection();
        services.AddFlannel().UseInMemoryStore().UseVxlan(o => (o.NexthopThreshold, o.MacAddress) = (-1, "nonsense"));
        await using ServiceProvider provider = services.BuildServiceProvider();

        var exception = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IFlannelNode>());

        Assert.Contains("NexthopThreshold", exception.Message, StringComparison.Ordinal);
        Assert.Contains("MacAddress", exception.Message, StringComparison.Ordinal);
    }
}
