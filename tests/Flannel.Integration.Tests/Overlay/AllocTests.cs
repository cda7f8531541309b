using Flannel.Lab.Namespaces;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Overlay;

public class AllocTests
{
    [NetnsFact]
    public async Task Node_OnARealHost_LeasesAndTouchesNothing()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        LabHost host = lab.Hosts[0];
        await host.ExecAsync("ip", "route", "add", "10.5.77.0/24", "via", "192.168.100.254"); // by whoever carries the packets
        string before = await ShowAsync();
        var services = new ServiceCollection();
        services.AddFlannelLinux();
        services.AddFlannel(options => options.NetworkNamespace = host.NamespaceName)
            .UseInMemoryStore("""{"Network":"10.5.0.0/16","SubnetMin":"10.5.100.0","Backend":{"Type":"alloc"}}""")
            .UseAlloc();
        await using ServiceProvider provider = services.BuildServiceProvider();
        var node = provider.GetRequiredService<IFlannelNode>();
        await node.StartAsync();
        await node.WaitForReadyAsync().WaitAsync(OverlayCluster.Limit);

        Assert.Equal(1500, node.Mtu);
        Assert.Equal("""{"PublicIP":"192.168.100.1","PublicIPv6":null}""", node.Lease.Attributes.ToJson());
        Assert.Equal(before, await ShowAsync());

        async Task<string> ShowAsync() =>
            await host.ExecAsync("ip", "route") + string.Join('\n', host.Netlink.GetLinks().Select(static link => $"{link.Name} {link.IsUp}"));
    }
}
