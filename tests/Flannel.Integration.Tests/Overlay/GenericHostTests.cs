using Flannel.Lab.Namespaces;
using Flannel.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Flannel.Integration.Tests.Overlay;

public class GenericHostTests
{
    [NetnsFact]
    public async Task Host_StoreAwayAndBackendRefused_StartsAndStopsUnharmed()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        var store = new FaultyLeaseStore(new InMemoryLeaseStore(OverlayCluster.Vxlan)) { Away = FaultyLeaseStore.NoAnswer };
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Services.AddFlannel(options => (options.NetworkNamespace, options.ExternalInterface.Name) = (lab.Hosts[0].NamespaceName, "eth0"))
            .UseStore(store)
            .UseVxlan();
        builder.Services.AddFlannel("broken", options => options.NetworkNamespace = "no-such-namespace")
            .UseInMemoryStore(OverlayCluster.Vxlan)
            .UseVxlan();
        using IHost host = builder.Build();

        await host.StartAsync().WaitAsync(OverlayCluster.Limit);
        var node = host.Services.GetRequiredService<IFlannelNode>();
        store.Away = null;
        await node.WaitForReadyAsync().WaitAsync(OverlayCluster.Limit);
        Assert.Equal(1450, node.Mtu);
        Assert.NotEqual(FlannelNodeState.Ready, host.Services.GetRequiredKeyedService<IFlannelNode>("broken").Status.State);
        await host.StopAsync().WaitAsync(OverlayCluster.Limit);
        Assert.Equal(FlannelNodeState.Stopped, node.Status.State);
    }

    [Fact]
    public async Task Host_InvalidOptions_FailsAtStartWithEveryReason()
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Flannel:LeaseTimeToLive"] = "00:00:01",
            ["Flannel:ExternalInterface:PublicIP"] = "fd00::1",
            ["Flannel:SubnetFile"] = "relative.env",
        });
        builder.Services.AddFlannel(builder.Configuration.GetSection("Flannel")).UseInMemoryStore(OverlayCluster.Vxlan).UseVxlan();
        using IHost host = builder.Build();
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Contains("LeaseTimeToLive", error.Message, StringComparison.Ordinal);
        Assert.Contains("PublicIP", error.Message, StringComparison.Ordinal);
        Assert.Contains("relative.env", error.Message, StringComparison.Ordinal);
    }
}
