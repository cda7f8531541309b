using Flannel.Lab.Leaks;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Flannel.Netlink.Route.Links;
using Flannel.Testing;

namespace Flannel.Integration.Tests.Overlay;

/// <summary>Packets go on flowing whatever happens to nodes, store and kernel.</summary>
public class ContinuityTests
{
    private static readonly PingOptions HundredPerSecond = new() { Interval = TimeSpan.FromMilliseconds(10) };

    [NetnsTheory]
    [InlineData(OverlayCluster.Vxlan)]
    [InlineData(OverlayCluster.VxlanDualStack)]
    public async Task Restart_UnderPing_LosesNothingAndKeepsSubnetAndMac(string config)
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2, config);
        LabContainer a = cluster.AddContainer(0);
        LabContainer b = cluster.AddContainer(1);
        SubnetKey key = cluster.Node(0).Lease.Key;
        Link device = cluster.Hosts[0].Device("flannel.1");

        // Until the containers' links have found their IPv6 neighbours, which takes the kernel seconds, packets are lost without our doing.
        await OverlayCluster.AssertPingAsync(a, b);
        await using ContinuousPing ping = a.StartPinging(b.Address!, HundredPerSecond);
        await using ContinuousPing? ping6 = b.AddressIPv6 is { } v6 ? a.StartPinging(v6, HundredPerSecond) : null;
        for (int round = 0; round < 3; round++)
        {
            await ping.WaitForAnswersAsync(30);
            await cluster.RestartAsync(0);
            await cluster.RestartAsync(1);
        }

        await ping.WaitForAnswersAsync(30);
        PingReport report = await ping.StopAsync();
        Assert.True(report.AllAnswered, report.ToString());
        if (ping6 is not null)
        {
            PingReport report6 = await ping6.StopAsync();
            Assert.True(report6.AllAnswered, report6.ToString());
        }

        Link after = cluster.Hosts[0].Device("flannel.1");
        Assert.Equal(key, cluster.Node(0).Lease.Key);
        Assert.Equal(device.Index, after.Index);
        Assert.Equal(device.Address, after.Address);
    }

    [NetnsFact]
    public async Task StoreAway_UnderPing_LosesNothingAndSaysSo()
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2);
        LabContainer a = cluster.AddContainer(0);
        LabContainer b = cluster.AddContainer(1);
        await using ContinuousPing ping = a.StartPinging(b.Address!, HundredPerSecond);
        cluster.Store.Away = FaultyLeaseStore.NoAnswer;
        FlannelNodeStatus away = await cluster.UntilAsync(0, status => status.State == FlannelNodeState.Degraded);
        Assert.Contains("store", away.Reason, StringComparison.Ordinal);
        Assert.IsType<StoreException>(away.Error);
        Assert.Single(away.Peers);
        await ping.WaitForAnswersAsync(50);
        cluster.Store.Away = null;
        await cluster.MeshAsync();
        PingReport report = await ping.StopAsync();
        Assert.True(report.AllAnswered, report.ToString());
    }

    [NetnsFact]
    public async Task StoreAway_AtStart_NodeWaitsAndThenJoins()
    {
        await using OverlayCluster cluster = OverlayCluster.Create(2);
        cluster.Store.Away = FaultyLeaseStore.NoAnswer;
        await cluster.AddNodeAsync(cluster.Hosts[0]);
        await cluster.AddNodeAsync(cluster.Hosts[1]);
        FlannelNodeStatus waiting = await cluster.UntilAsync(0, status => status.Error is StoreException);
        Assert.Equal(FlannelNodeState.Starting, waiting.State);
        cluster.Store.Away = null;
        await cluster.MeshAsync();
    }

    [NetnsFact]
    public async Task OwnLease_DeletedUnderPing_IsTakenAgainAndLosesNothing()
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2);
        LabContainer a = cluster.AddContainer(0);
        LabContainer b = cluster.AddContainer(1);
        await using ContinuousPing ping = a.StartPinging(b.Address!, HundredPerSecond);
        for (int round = 0; round < 3; round++)
        {
            await ping.WaitForAnswersAsync(30);
            Lease lease = cluster.Node(1).Lease;
            cluster.Memory.Delete(lease.Key.ToString());
            await cluster.UntilAsync(1, status => status.State == FlannelNodeState.Ready && status.Lease!.ModRevision > lease.ModRevision);
            Assert.Equal(lease.Key, cluster.Node(1).Lease.Key);
        }

        await ping.WaitForAnswersAsync(30);
        PingReport report = await ping.StopAsync();
        Assert.True(report.AllAnswered, report.ToString());
    }

    [NetnsFact]
    public async Task Device_DeletedByHand_ComesBackWithItsMacAndAllPeers()
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(3);
        List<LabContainer> containers = [.. Enumerable.Range(0, 3).Select(host => cluster.AddContainer(host))];
        Link before = cluster.Hosts[0].Device("flannel.1");
        int routes = cluster.Hosts[0].Netlink.GetRoutes().Count(route => route.LinkIndex == before.Index);
        cluster.Hosts[0].Netlink.DeleteLink(before.Index);
        await Eventually.IsTrueAsync(() => cluster.Hosts[0].Netlink.FindLink("flannel.1") is { IsUp: true }, "flannel.1 is back");
        int index = cluster.Hosts[0].Device("flannel.1").Index;
        await Eventually.IsTrueAsync(
            () => cluster.Hosts[0].Netlink.GetRoutes().Count(route => route.LinkIndex == index) == routes, "all routes are back");
        await cluster.UntilAsync(0, status => status.State == FlannelNodeState.Ready);
        Assert.Equal(before.Address, cluster.Hosts[0].Device("flannel.1").Address);
        await OverlayCluster.AssertPingAsync(containers[0], containers[1]);
        await OverlayCluster.AssertPingAsync(containers[2], containers[0]);
    }

    [NetnsFact]
    public async Task HostilePeers_InTheStore_HarmNobody()
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2);
        LabContainer a = cluster.AddContainer(0);
        LabContainer b = cluster.AddContainer(1);
        string own = cluster.Node(0).Lease.Subnet!.Value.BaseAddress.ToString();
        (string Key, string Document)[] hostile =
        [
            ("foo", "{}"),
            ("10.5.200.0-24", "{not json"),
            ("8.8.8.0-24", Document("192.168.100.50", "0a:00:00:00:00:50")),
            ("128.0.0.0-1", Document("192.168.100.51", "0a:00:00:00:00:51")),
            ("192.168.100.0-24", Document("192.168.100.52", "0a:00:00:00:00:52")),
            ("10.5.201.0-24", Document("192.168.100.53", "01:00:5e:00:00:01")),
            ("10.5.202.0-24", Document("192.168.100.54", "00:00:00:00:00:00")),
            ("10.5.203.0-24", Document("224.0.0.9", "0a:00:00:00:00:55")),
            ("10.5.204.0-24", Document("127.0.0.1", "0a:00:00:00:00:56")),
            ("10.5.205.0-24", Document(cluster.Hosts[0].Address!.ToString(), "0a:00:00:00:00:57", vni: 1)),
            ("10.5.206.0-24", Document("192.168.100.58", "0a:00:00:00:00:58", vni: 7)),
            ($"{own}-25", Document("192.168.100.59", "0a:00:00:00:00:59")),
        ];
        string routesBefore = await cluster.Hosts[0].ExecAsync("ip", "route");
        foreach ((string key, string document) in hostile) cluster.Memory.Put(key, System.Text.Encoding.UTF8.GetBytes(document), null);
        FlannelNodeStatus status = await cluster.UntilAsync(0, status => status.Quarantined.Count == hostile.Length);

        Assert.All(status.Quarantined, quarantined => Assert.NotEmpty(quarantined.Reason));
        Assert.Single(status.Peers);
        Assert.Equal(FlannelNodeState.Ready, status.State);
        Assert.Equal(routesBefore, await cluster.Hosts[0].ExecAsync("ip", "route"));
        await OverlayCluster.AssertPingAsync(a, b);

        static string Document(string publicIP, string mac, int vni = 1) =>
            $$$"""{"PublicIP":"{{{publicIP}}}","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":{{{vni}}},"VtepMAC":"{{{mac}}}"}}""";
    }

    [NetnsFact]
    public async Task StartAndStop_ManyTimes_LeaksNoThreadSocketOrDescriptor()
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2);
        await cluster.StopNodeAsync(0);
        LeakCheck leaks = LeakCheck.Start();
        for (int round = 0; round < 10; round++) await cluster.RestartAsync(0);
        await cluster.StopNodeAsync(0);
        await leaks.AssertNoneAsync();
    }
}
