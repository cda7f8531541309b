using System.Net;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Xunit.Abstractions;

namespace Flannel.Integration.Tests.Overlay;

/// <summary>The network's configuration and the hosts' addresses change under running nodes, on the real kernel.</summary>
public sealed class LiveChangeTests(ITestOutputHelper output)
{
    private static readonly PingOptions HundredPerSecond = new() { Interval = TimeSpan.FromMilliseconds(10) };

    [NetnsFact]
    public async Task Config_MtuAndRange_AreFollowedByDeviceAndSubnetFileWithoutLosingAPing()
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2);
        string file = Path.Combine(Directory.CreateTempSubdirectory("flannel-live-").FullName, "subnet.env");
        try
        {
            await cluster.RestartAsync(0, options => options.SubnetFile = file);
            await cluster.MeshAsync();
            LabContainer a = cluster.AddContainer(0);
            LabContainer b = cluster.AddContainer(1);
            Link device = cluster.Hosts[0].Device("flannel.1");
            Lease lease = cluster.Node(0).Lease;
            await using ContinuousPing ping = a.StartPinging(b.Address!, HundredPerSecond);
            await ping.WaitForAnswersAsync(30);

            cluster.Memory.SetConfig("""{"Network":"10.5.0.0/16","SubnetMin":"10.5.0.0","Backend":{"Type":"vxlan","MTU":1400}}""");
            await cluster.UntilAsync(0, status => status.Mtu == 1350 && status.State == FlannelNodeState.Ready);
            await cluster.UntilAsync(1, status => status.Mtu == 1350 && status.State == FlannelNodeState.Ready);
            await Eventually.IsTrueAsync(
                () => File.ReadAllText(file).Contains("FLANNEL_MTU=1350\n", StringComparison.Ordinal), "the subnet file follows");
            await ping.WaitForAnswersAsync(30);

            PingReport report = await ping.StopAsync();
            Assert.True(report.AllAnswered, report.ToString());
            Link after = cluster.Hosts[0].Device("flannel.1");
            Assert.Equal((device.Index, device.Address, 1350), (after.Index, after.Address, after.Mtu));
            Assert.Equal(lease.Key, cluster.Node(0).Lease.Key);
            Assert.Equal(IPAddress.Parse("10.5.0.0"), cluster.Node(0).Status.Config!.SubnetMin);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }

    [NetnsFact]
    public async Task Config_DirectRouting_IsTurnedOnAndOffWithoutLosingAPing()
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2);
        LabContainer a = cluster.AddContainer(0);
        LabContainer b = cluster.AddContainer(1);
        string subnet = cluster.Node(1).Lease.Subnet!.Value.ToString();
        await using ContinuousPing ping = a.StartPinging(b.Address!, HundredPerSecond);
        await ping.WaitForAnswersAsync(30);

        cluster.Memory.SetConfig(OverlayCluster.Vxlan.Replace("\"vxlan\"", "\"vxlan\",\"DirectRouting\":true", StringComparison.Ordinal));
        await UntilRouteAsync(cluster, subnet, $"via {cluster.Hosts[1].Address} dev eth0");
        await ping.WaitForAnswersAsync(30);
        cluster.Memory.SetConfig(OverlayCluster.Vxlan);
        await UntilRouteAsync(cluster, subnet, "dev flannel.1");
        await ping.WaitForAnswersAsync(30);

        PingReport report = await ping.StopAsync();
        Assert.True(report.AllAnswered, report.ToString());
    }

    [NetnsFact]
    public async Task Config_AnotherVni_IsPendingAndTrafficGoesOn()
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2);
        LabContainer a = cluster.AddContainer(0);
        LabContainer b = cluster.AddContainer(1);
        cluster.Memory.SetConfig(OverlayCluster.Vxlan.Replace("\"vxlan\"", "\"vxlan\",\"VNI\":7", StringComparison.Ordinal));
        FlannelNodeStatus status = await cluster.UntilAsync(0, found => found.PendingConfig is not null);
        Assert.Contains("VNI 7 instead of 1", status.PendingConfig!.ToString(), StringComparison.Ordinal);
        await OverlayCluster.AssertPingAsync(a, b);
    }

    [NetnsTheory]
    [InlineData("""{"Type":"vxlan"}""", """{"Type":"vxlan","VNI":7}""", "flannel.7")]
    [InlineData("""{"Type":"vxlan"}""", """{"Type":"vxlan","Port":4789}""", "flannel.1")]
    [InlineData("""{"Type":"vxlan"}""", """{"Type":"host-gw"}""", null)]
    [InlineData("""{"Type":"vxlan"}""", """{"Type":"udp"}""", "flannel0")]
    [InlineData("""{"Type":"host-gw"}""", """{"Type":"vxlan"}""", "flannel.1")]
    [InlineData("""{"Type":"udp"}""", """{"Type":"vxlan"}""", "flannel.1")]
    [InlineData("""{"Type":"udp"}""", """{"Type":"udp","Port":8290}""", "flannel0")]
    [InlineData("""{"Type":"host-gw"}""", """{"Type":"udp"}""", "flannel0")]
    [InlineData("""{"Type":"udp"}""", """{"Type":"host-gw"}""", null)]
    public async Task Config_AnotherBackend_IsFollowedLiveIfTheNodesMayFollowIt(string from, string to, string? device)
    {
        await using var cluster = OverlayCluster.Create(2, Network(from));
        foreach (LabHost host in cluster.Hosts) await cluster.AddNodeAsync(host, static options => options.FollowBackendChanges = true);
        await cluster.MeshAsync();
        LabContainer a = cluster.AddContainer(0, mtu: 1400);
        LabContainer b = cluster.AddContainer(1, mtu: 1400);

        // Two hosts follow at their own pace, so one of three changes has to be quick; and none may need a second attempt of a session.
        var errors = new List<string>();
        TimeSpan shortest = TimeSpan.MaxValue;
        string texts = "";
        for (int attempt = 1; attempt <= 3 && shortest >= TimeSpan.FromSeconds(1); attempt++)
        {
            if (attempt > 1) await FollowAsync(from);
            await using var ping = new ParallelPing(a, b, cluster.Hosts[0], cluster.Hosts[1]);
            await ping.WaitForAnswersAsync(30);
            await FollowAsync(to);
            await ping.WaitForAnswersAsync(30);
            await Eventually.IsTrueAsync(
                () => cluster.Hosts.All(host => DevicesOf(host).SequenceEqual(DevicesNamed(device))), "only the devices of the new backend are left");
            (TimeSpan silence, string text) = await ping.StopAsync();
            output.WriteLine($"{from} to {to}, live: {text}");
            shortest = silence < shortest ? silence : shortest;
            texts += $"{text}\n";
        }

        Assert.True(shortest < TimeSpan.FromSeconds(1), texts);
        Assert.Empty(errors);

        async Task FollowAsync(string backend)
        {
            cluster.Memory.SetConfig(Network(backend));
            for (int host = 0; host < 2; host++)
            {
                await cluster.UntilAsync(host, found =>
                {
                    if (found.Error is { } error) errors.Add($"host {host}, {texts}: {error}");
                    return found is { IsReady: true, PendingConfig: null }
                        && found.Config!.Backend == NetworkConfig.Parse(Network(backend), "test").Backend;
                });
            }
        }

        static string[] DevicesOf(LabHost host) =>
        [
            .. host.Netlink.GetLinks().Select(static link => link.Name)
                .Where(static name => name.StartsWith("flannel", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
        ];
        static string[] DevicesNamed(string? ipv4) => ipv4 switch
        {
            null => [],
            "flannel0" => [ipv4],
            _ => [ipv4.Replace("flannel", "flannel-v6", StringComparison.Ordinal), ipv4],
        };
        static string Network(string backend) =>
            $$"""{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{{backend}}}""";
    }

    [NetnsFact]
    public async Task Host_ChangesItsAddress_KeepsSubnetAndMacAndPeersFollow()
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2);
        LabContainer a = cluster.AddContainer(0);
        LabContainer b = cluster.AddContainer(1);
        await OverlayCluster.AssertPingAsync(a, b);
        Lease before = cluster.Node(1).Lease;
        LabHost host = cluster.Hosts[1];
        Link device = host.Device("flannel.1");
        int eth0 = host.Device("eth0").Index;
        var moved = IPAddress.Parse("192.168.100.77");

        host.Netlink.DeleteAddress(new InterfaceAddress { LinkIndex = eth0, Address = host.Address!, PrefixLength = 24 });
        host.Netlink.AddAddress(new InterfaceAddress { LinkIndex = eth0, Address = moved, PrefixLength = 24 });

        FlannelNodeStatus status = await cluster.UntilAsync(0, found => found.Peers.Values.Any(peer => moved.Equals(peer.Attributes.PublicIP)));
        Lease seen = Assert.Single(status.Peers).Value;
        Assert.Equal((before.Key, before.CreateRevision), (seen.Key, seen.CreateRevision));
        await cluster.UntilAsync(0, found => found.State == FlannelNodeState.Ready);
        await cluster.UntilAsync(1, found => found.State == FlannelNodeState.Ready && moved.Equals(found.ExternalInterface!.Address));
        Assert.Equal((device.Index, device.Address), (host.Device("flannel.1").Index, host.Device("flannel.1").Address));
        Assert.Equal(moved, host.Device("flannel.1").Vxlan!.Local);
        await OverlayCluster.AssertPingAsync(a, b);
        await OverlayCluster.AssertPingAsync(b, a);
    }

    [NetnsTheory]
    [InlineData("""{"Type":"host-gw"}""")]
    [InlineData("""{"Type":"vxlan","DirectRouting":true}""")]
    public async Task Host_MovesItsAddressToABridge_DirectRoutesFollow(string backend)
    {
        await using var cluster = OverlayCluster.Create(
            2, $$"""{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{{backend}}}""");
        foreach (LabHost host in cluster.Hosts) await cluster.AddNodeAsync(host, static options => options.ExternalInterface.Name = null);
        await cluster.MeshAsync();
        Lease peer = cluster.Node(1).Lease;

        await cluster.Hosts[0].MoveToBridgeAsync();

        await cluster.UntilAsync(0, static found => found is { State: FlannelNodeState.Ready, IsConverged: true, ExternalInterface.Name: "br0" });
        await UntilRouteAsync(cluster, peer.Subnet!.Value.ToString(), $"via {cluster.Hosts[1].Address} dev br0");
        await UntilRouteAsync(cluster, peer.SubnetIPv6!.Value.ToString(), $"via {cluster.Hosts[1].AddressIPv6} dev br0");
        await OverlayCluster.AssertPingAsync(cluster.AddContainer(0), cluster.AddContainer(1));
    }

    [NetnsFact]
    public async Task Stop_WithRelease_GivesTheLeaseBackAndLeavesTheDevice()
    {
        await using OverlayCluster cluster = await OverlayCluster.StartAsync(2);
        await cluster.RestartAsync(1, options => options.ReleaseLeaseOnStop = true);
        await cluster.StopNodeAsync(1);
        Assert.Single((await cluster.Memory.ListAsync(null, CancellationToken.None)).Entries);
        Assert.True(cluster.Hosts[1].Device("flannel.1").IsUp);
        await cluster.UntilAsync(0, status => status.Peers.IsEmpty);
    }

    private static async Task UntilRouteAsync(OverlayCluster cluster, string subnet, string how)
    {
        using var limit = new CancellationTokenSource(OverlayCluster.Limit);
        string routes;
        do
        {
            routes = await cluster.Hosts[0].ExecAsync("ip", subnet.Contains(':', StringComparison.Ordinal) ? "-6" : "-4", "route", "show", subnet);
        }
        while (!routes.Contains(how, StringComparison.Ordinal) && !limit.IsCancellationRequested);
        Assert.Contains(how, routes, StringComparison.Ordinal);
    }
}
