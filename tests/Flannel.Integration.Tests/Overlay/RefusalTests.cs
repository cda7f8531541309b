using Flannel.Lab.Namespaces;
using Flannel.Netlink.Route.Links;

namespace Flannel.Integration.Tests.Overlay;

/// <summary>What cannot work is refused with a typed error that says what to do, and nothing on the host is touched.</summary>
public class RefusalTests
{
    [NetnsFact]
    public async Task Network_OverlapsTheUnderlay_IsRefusedBeforeAnythingIsTouched()
    {
        await using OverlayCluster cluster = OverlayCluster.Create(1, """{"Network":"192.168.0.0/16","Backend":{"Type":"vxlan"}}""");
        await AssertRefusedAsync<NetworkOverlapException>(cluster, null, "192.168.100.0/24", "AllowOverlap");
    }

    [NetnsFact]
    public async Task Bridge_HoldsAnOldSubnet_IsNoReasonNotToStart()
    {
        await using OverlayCluster cluster = OverlayCluster.Create(2);
        await cluster.Hosts[0].ExecAsync(
            "sh", "-e", "-c", "ip link add docker0 type bridge; ip address add 10.5.9.1/24 dev docker0; ip link set docker0 up");
        for (int host = 0; host < 2; host++)
        {
            // They do not draw the subnet that the bridge holds.
            var own = new LeaseAttributes { PublicIP = cluster.Hosts[host].Address, BackendType = "vxlan" };
            cluster.Memory.Put(SubnetKey.Parse($"10.5.{20 + host}.0-24"), own, TimeSpan.FromHours(1));
            await cluster.AddNodeAsync(cluster.Hosts[host]);
        }

        FlannelNodeStatus status = await cluster.UntilAsync(0, static found => found is { IsReady: true, IsConverged: true, Peers.Count: 1 });
        Assert.Equal(FlannelNodeState.Degraded, status.State);
        Assert.Contains("docker0", status.Reason, StringComparison.Ordinal);
        Assert.Contains("10.5.9.0/24", status.Reason, StringComparison.Ordinal);
        await OverlayCluster.AssertPingAsync(cluster.AddContainer(0), cluster.AddContainer(1));
    }

    [NetnsFact]
    public async Task Network_OverlapsABridgeThatIsTheExternalInterface_IsRefused()
    {
        await using OverlayCluster cluster = OverlayCluster.Create(1);
        await cluster.Hosts[0].ExecAsync(
            "sh", "-e", "-c", "ip link add br0 type bridge; ip address add 10.5.3.7/24 dev br0; ip link set eth0 master br0; ip link set br0 up");
        await AssertRefusedAsync<NetworkOverlapException>(cluster, options => options.ExternalInterface.Name = "br0", "10.5.3.0/24", "br0");
    }

    [NetnsFact]
    public async Task Interface_DoesNotExist_ListsTheCandidates()
    {
        await using OverlayCluster cluster = OverlayCluster.Create(1);
        await AssertRefusedAsync<ExternalInterfaceException>(cluster, options => options.ExternalInterface.Name = "eth9", "eth9", "eth0");
    }

    [NetnsFact]
    public async Task Backend_Unknown_ListsTheRegistered()
    {
        await using OverlayCluster cluster = OverlayCluster.Create(1, """{"Network":"10.5.0.0/16","Backend":{"Type":"ipip"}}""");
        await AssertRefusedAsync<UnknownBackendException>(cluster, null, "'ipip'", "vxlan", "udp");
    }

    [NetnsTheory]
    [InlineData("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan","VNI":99999999}}""", "VNI")]
    [InlineData("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan","VNI":10000000}}""", "VNI")]
    [InlineData("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan","VNI":"1","Port":70000}}""", "Port")]
    [InlineData("""{"EnableIPv6":true,"IPv6Network":"fd00:5::/48","Network":"10.5.0.0/16","Backend":{"Type":"vxlan","VNI":10000}}""", "9999")]
    public async Task VxlanBlock_OutOfRange_NamesTheKey(string config, string mentions)
    {
        await using OverlayCluster cluster = OverlayCluster.Create(1, config);
        await AssertRefusedAsync<FlannelException>(cluster, null, mentions);
    }

    [NetnsFact]
    public async Task Device_NameInUseBySomethingElse_IsRefusedAndLeftAlone()
    {
        await using OverlayCluster cluster = OverlayCluster.Create(1);
        cluster.Hosts[0].Netlink.CreateLink(new BridgeLinkSpec("flannel.1"));
        await AssertRefusedAsync<FlannelException>(cluster, null, "flannel.1", "bridge");
        Assert.Equal("bridge", cluster.Hosts[0].Device("flannel.1").Kind);
    }

    [NetnsFact]
    public async Task Namespace_DoesNotExist_SaysSo()
    {
        await using OverlayCluster cluster = OverlayCluster.Create(1);
        await AssertRefusedAsync<FlannelException>(cluster, options => options.NetworkNamespace = "no-such-namespace", "no-such-namespace");
    }

    private static async Task AssertRefusedAsync<TException>(OverlayCluster cluster, Action<FlannelOptions>? configure, params string[] mentions)
        where TException : FlannelException
    {
        string Snapshot() => string.Join('\n', cluster.Hosts[0].Netlink.GetLinks().Select(link => $"{link.Name} {link.IsUp}"));
        string before = Snapshot();
        IFlannelNode node = await cluster.AddNodeAsync(cluster.Hosts[0], configure);
        var error = await Assert.ThrowsAnyAsync<TException>(() => node.WaitForReadyAsync().WaitAsync(OverlayCluster.Limit));
        Assert.All(mentions, mention => Assert.Contains(mention, error.Message, StringComparison.Ordinal));
        Assert.Equal(FlannelNodeState.Failed, node.Status.State);
        Assert.Equal(before, Snapshot());
    }
}
