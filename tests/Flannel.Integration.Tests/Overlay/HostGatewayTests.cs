using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Overlay;

/// <summary>Whole nodes that reach each other by plain routes.</summary>
public class HostGatewayTests
{
    [NetnsFact]
    public async Task ThreeHosts_DualStack_ReachAFullMeshWithoutATunnel()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 3, DualStack = true });
        var store = new InMemoryLeaseStore(OverlayCluster.HostGatewayDualStack);
        var services = new ServiceCollection();
        foreach (LabHost host in lab.Hosts)
        {
            services.AddFlannel(host.NamespaceName, options => options.NetworkNamespace = host.NamespaceName)
                .UseInMemoryStore(store)
                .UseHostGateway();
        }

        await using ServiceProvider provider = services.BuildServiceProvider();
        IFlannelNode[] nodes = [.. lab.Hosts.Select(host => provider.GetRequiredKeyedService<IFlannelNode>(host.NamespaceName))];
        foreach (IFlannelNode node in nodes) await node.StartAsync();
        foreach (IFlannelNode node in nodes)
        {
            await Eventually.IsTrueAsync(
                () => node.Status is { State: FlannelNodeState.Ready, IsConverged: true, Peers.Count: 2 }, $"{node.Name} has two peers");
        }

        LabContainer[] containers =
            [.. lab.Hosts.Zip(nodes, static (host, node) => host.AddContainer(node.Lease.Subnet, node.Lease.SubnetIPv6, node.Mtu))];
        foreach (LabContainer from in containers)
            await Task.WhenAll(containers.Where(to => to != from).Select(to => OverlayCluster.AssertPingAsync(from, to)));
        Assert.All(nodes, static node => Assert.Equal(1500, node.Mtu));
        Assert.All(lab.Hosts, static host => Assert.All(host.Netlink.GetLinks(), static link => Assert.Null(link.Vxlan)));
    }

    [NetnsFact]
    public async Task Restart_UnderPing_LosesNothingAndKeepsTheSubnet()
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2, OverlayCluster.HostGatewayDualStack);
        LabContainer a = cluster.AddContainer(0);
        LabContainer b = cluster.AddContainer(1);
        SubnetKey key = cluster.Node(0).Lease.Key;
        await OverlayCluster.AssertPingAsync(a, b);
        await using ContinuousPing ping = a.StartPinging(b.Address!);
        await ping.WaitForAnswersAsync(20);

        await cluster.RestartAsync(0);
        await cluster.RestartAsync(1);
        await ping.WaitForAnswersAsync(20);

        PingReport report = await ping.StopAsync();
        Assert.True(report.AllAnswered, report.ToString());
        Assert.Equal(key, cluster.Node(0).Lease.Key);
    }

    [NetnsFact]
    public async Task StopWithRemove_LeavesNoRoute()
    {
        await using OverlayCluster cluster = OverlayCluster.Create(2, OverlayCluster.HostGatewayDualStack);
        LabHost host = cluster.Hosts[0];
        string before = await host.ExecAsync("ip", "route") + await host.ExecAsync("ip", "-6", "route");
        await cluster.AddNodeAsync(host, static options => options.StopMode = StopMode.Remove);
        await cluster.AddNodeAsync(cluster.Hosts[1]);
        await cluster.MeshAsync();
        Assert.Contains("via 192.168.100.2 dev eth0", await host.ExecAsync("ip", "route"), StringComparison.Ordinal);

        await cluster.StopNodeAsync(0);

        Assert.Equal(before, await host.ExecAsync("ip", "route") + await host.ExecAsync("ip", "-6", "route"));
    }

    [NetnsFact]
    public async Task PublicAddress_BehindTranslation_IsRefused()
    {
        await using OverlayCluster cluster = OverlayCluster.Create(1, OverlayCluster.HostGatewayDualStack);
        IFlannelNode node = await cluster.AddNodeAsync(cluster.Hosts[0], static options => options.ExternalInterface.PublicIP = "203.0.113.7");

        var error = await Assert.ThrowsAnyAsync<FlannelException>(() => node.WaitForReadyAsync().WaitAsync(OverlayCluster.Limit));

        Assert.Contains("203.0.113.7", error.Message, StringComparison.Ordinal);
        Assert.Contains("192.168.100.1", error.Message, StringComparison.Ordinal);
    }
}
