using Flannel.Lab.Namespaces;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Overlay;

/// <summary>Two networks of one process on one host, with backends on the real kernel: what both want is refused with both names.</summary>
public sealed class TwoNetworksTests
{
    private const string DualStack = """{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{"Type":"vxlan"}}""";
    private const string IPv4 = """{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""";
    private const string OtherIPv4 = """{"Network":"10.6.0.0/16","Backend":{"Type":"vxlan"}}""";
    private const string OtherIPv6 = """{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fd00:6::/48","Backend":{"Type":"vxlan"}}""";
    private const string Udp = """{"Network":"10.5.0.0/16","Backend":{"Type":"udp"}}""";
    private const string OtherUdp = """{"Network":"10.6.0.0/16","Backend":{"Type":"udp"}}""";
    private const string OtherUdpPort = """{"Network":"10.6.0.0/16","Backend":{"Type":"udp","Port":8290}}""";

    [NetnsTheory]
    [InlineData(DualStack, OtherIPv6, "", "both want the device flannel-v6.1")]
    [InlineData(OtherIPv6, DualStack, "", "both want the device flannel-v6.1")]
    [InlineData(DualStack, OtherIPv4, "", "both want the device flannel.1")]
    [InlineData(IPv4, OtherIPv6, "", null)]
    [InlineData(Udp, OtherUdp, "", "both want the UDP port 8285")]
    [InlineData(Udp, OtherUdpPort, "", null)]
    [InlineData(IPv4, OtherIPv4, "/run/netns/", "both want the device flannel.1")]
    public async Task Networks_WantTheSame_TheSecondIsRefusedWithBothNames(string red, string blue, string folderOfBlue, string? conflict)
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1, DualStack = true });
        string host = lab.Hosts[0].NamespaceName;
        var services = new ServiceCollection();
        foreach ((string name, string config, string space) in new[] { ("red", red, host), ("blue", blue, folderOfBlue + host) })
        {
            services.AddFlannel(name, options =>
            {
                options.NetworkNamespace = space;
                options.ExternalInterface.Name = "eth0";
                options.StopMode = StopMode.Remove;
            }).UseInMemoryStore(config).UseVxlan().UseUdp();
        }

        await using ServiceProvider provider = services.BuildServiceProvider();
        IFlannelNode first = provider.GetRequiredKeyedService<IFlannelNode>("red");
        IFlannelNode second = provider.GetRequiredKeyedService<IFlannelNode>("blue");
        await first.StartAsync();
        await first.WaitForReadyAsync().WaitAsync(OverlayCluster.Limit);
        await second.StartAsync();

        if (conflict is not null)
        {
            var error = await Assert.ThrowsAsync<NetworkConflictException>(() => second.WaitForReadyAsync().WaitAsync(OverlayCluster.Limit));
            foreach (string part in new[] { "'red'", "'blue'", conflict }) Assert.Contains(part, error.Message, StringComparison.Ordinal);
            await first.StopAsync();
        }

        await UntilReadyAsync(second);
    }

    private static async Task UntilReadyAsync(IFlannelNode node)
    {
        using var limit = new CancellationTokenSource(OverlayCluster.Limit);
        await foreach (FlannelNodeStatus status in node.WatchAsync(limit.Token))
        {
            if (status.IsReady) break;
        }
    }
}
