using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Flannel.Backends.Udp.Tests.DependencyInjection;

public sealed class UdpFlannelBuilderExtensionsTests
{
    [Fact]
    public async Task UseUdp_Twice_RegistersOneBackendWithBothConfigurations()
    {
        var services = new ServiceCollection();
        services.AddFlannel().UseUdp(o => o.AcceptUnknownSenders = true).UseUdp(o => o.SocketBufferBytes = 1 << 20);
        await using ServiceProvider provider = services.BuildServiceProvider();

        Assert.IsType<UdpBackend>(Assert.Single(provider.GetKeyedServices<IBackend>("")));
        UdpBackendOptions options = provider.GetRequiredService<IOptionsMonitor<UdpBackendOptions>>().Get("");
        Assert.Equal((true, 1 << 20, UdpOffloads.All), (options.AcceptUnknownSenders, options.SocketBufferBytes, options.Offloads));
    }

    [Fact]
    public async Task UseUdp_InvalidOptions_FailAtStartWithEveryReason()
    {
        var services = new ServiceCollection();
        services.AddFlannel().UseInMemoryStore().UseUdp(o => (o.SocketBufferBytes, o.Offloads) = (1, (UdpOffloads)4096));
        await using ServiceProvider provider = services.BuildServiceProvider();

        var exception = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IFlannelNode>());

        Assert.Contains("SocketBufferBytes", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Offloads", exception.Message, StringComparison.Ordinal);
    }
}
