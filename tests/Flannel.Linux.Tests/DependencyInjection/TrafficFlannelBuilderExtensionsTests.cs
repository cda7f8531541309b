using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Linux.Tests.DependencyInjection;

public sealed class TrafficFlannelBuilderExtensionsTests
{
    [Fact]
    public void UseTrafficRules_Twice_RegistersEachPacketFilterOncePerNetwork()
    {
        var services = new ServiceCollection();
        services.AddFlannel("blue").UseTrafficRules().UseTrafficRules();
        services.AddFlannel().UseTrafficRules();
        using ServiceProvider provider = services.BuildServiceProvider();

        foreach (string network in new[] { "blue", "" })
        {
            Assert.Equal(
                [PacketFilter.Nftables, PacketFilter.Iptables], provider.GetKeyedServices<ITrafficRules>(network).Select(rules => rules.Filter));
        }
    }
}
