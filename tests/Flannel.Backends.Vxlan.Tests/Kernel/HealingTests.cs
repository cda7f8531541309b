using System.Net.NetworkInformation;
using Flannel.Backends.Vxlan.Tests.Support;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Flannel.Netlink.Route.Links;

namespace Flannel.Backends.Vxlan.Tests.Kernel;

/// <summary>Somebody takes away or changes what is ours. It comes back without anybody asking.</summary>
public sealed class HealingTests
{
    [NetnsTheory]
    [InlineData(500)]
    [InlineData(0)]
    public async Task Device_DeletedWithThousandPeers_ComesBackWithMacAndAllPeers(int nexthopThreshold)
    {
        await using var cluster = VxlanCluster.Create(1);
        VxlanNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0], options: new VxlanBackendOptions { NexthopThreshold = nexthopThreshold });
        node.Network.SetPeers([.. Enumerable.Range(300, 1000).Select(number => VxlanCluster.PeerOf(number, prefixLength: 28))]);
        await node.WaitForConvergenceAsync();
        Link before = node.Host.Device("flannel.1");

        await node.Host.ExecAsync("ip", "link", "del", "flannel.1");
        await node.EventuallyAsync(() => Task.FromResult(node.Host.Netlink.FindLink("flannel.1") is { } link && link.Index != before.Index));
        await node.EventuallyAsync(async () => (await node.LinesAsync("ip", "route", "show", "dev", "flannel.1")).Length == 1000); // routes come last
        await node.WaitForConvergenceAsync();

        Link after = node.Host.Device("flannel.1");
        Assert.Equal((before.Address, before.Mtu), (after.Address, after.Mtu));
        Assert.Contains("inet 10.5.1.0/32 scope global flannel.1", await node.LinesAsync("ip", "addr", "show", "flannel.1"));
        Assert.Equal(1000, (await node.LinesAsync("ip", "route", "show", "dev", "flannel.1")).Length);

        // The kernel has one neighbour table for all namespaces: what others do meanwhile may hide an entry from a list.
        await node.EventuallyAsync(
            async () => (await node.LinesAsync("ip", "-4", "neigh", "show", "dev", "flannel.1", "nud", "permanent")).Length == 1000);
        Assert.Equal(1000, (await node.LinesAsync("bridge", "fdb", "show", "dev", "flannel.1")).Length);
    }

    [NetnsTheory]
    [InlineData("10.5.72.0/24", "ip", "route", "flush", "dev", "flannel.1")]
    [InlineData("10.5.72.0/24", "ip", "route", "del", "10.5.72.0/24")]
    [InlineData("10.5.72.0/24", "ip", "link", "set", "flannel.1", "down")]
    [InlineData("10.5.72.0/24", "ip", "route", "change", "10.5.72.0/24", "via", "10.5.72.9", "dev", "flannel.1", "onlink")]
    [InlineData("10.5.1.0/32", "ip", "-4", "addr", "flush", "dev", "flannel.1")]
    [InlineData("10.5.1.0/32", "ip", "addr", "add", "10.5.77.1/16", "dev", "flannel.1")]
    [InlineData("02:00:00:00:00:48", "ip", "neigh", "flush", "dev", "flannel.1", "nud", "permanent")]
    [InlineData("02:00:00:00:00:48", "ip", "neigh", "change", "10.5.72.0", "lladdr", "02:99:99:99:99:99", "dev", "flannel.1", "nud", "reachable")]
    [InlineData("02:00:00:00:00:48", "bridge", "fdb", "del", "02:00:00:00:00:48", "dev", "flannel.1", "dst", "192.168.101.72")]
    [InlineData("192.168.101.72", "bridge", "fdb", "replace", "02:00:00:00:00:48", "dev", "flannel.1", "dst", "192.168.100.9")]
    [InlineData("mtu 1450", "ip", "link", "set", "flannel.1", "mtu", "1300")]
    [InlineData("nolearning", "ip", "link", "set", "flannel.1", "type", "vxlan", "learning")]
    public async Task State_DamagedByHand_IsRepaired(string _, params string[] command)
    {
        await using var cluster = VxlanCluster.Create(1);
        VxlanNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0]);
        node.Network.SetPeers([VxlanCluster.PeerOf(72), VxlanCluster.PeerOf(73)]);
        await node.WaitForConvergenceAsync();
        // The kernel has one neighbour table for all namespaces: what others do meanwhile may hide an entry from a list. And the device's link-local
        // address is tentative until the kernel's work queue comes to it.
        string before = "";
        await node.EventuallyAsync(async () => IsComplete(before = await ShowAsync()));

        try
        {
            await node.Host.ExecAsync(command[0], command[1..]);
        }
        catch (InvalidOperationException exception) when (exception.Message.Contains("10 rounds", StringComparison.Ordinal))
        {
            // A flush starts over as long as it finds something, and gives up on entries that were back ten times.
        }

        string after = "";
        try
        {
            await node.EventuallyAsync(async () => (after = await ShowAsync()) == before);
        }
        catch (TimeoutException)
        {
            Assert.Equal(before, after);
            throw;
        }

        static bool IsComplete(string shown) =>
            new[] { "10.5.72.0/24 via", "10.5.73.0/24 via", "10.5.72.0 lladdr", "10.5.73.0 lladdr", "02:00:00:00:00:48 dst", "02:00:00:00:00:49 dst" }
                .All(entry => shown.Contains(entry, StringComparison.Ordinal))
            && !shown.Contains("tentative", StringComparison.Ordinal);

        async Task<string> ShowAsync() =>
            await node.Host.ExecAsync("ip", "-d", "addr", "show", "flannel.1") + await node.Host.ExecAsync("ip", "route") +
            string.Join('\n', (await node.LinesAsync("ip", "-4", "neigh", "show", "dev", "flannel.1")).Order(StringComparer.Ordinal)) +
            string.Join('\n', (await node.LinesAsync("bridge", "fdb", "show", "dev", "flannel.1")).Order(StringComparer.Ordinal));
    }

    [NetnsFact]
    public async Task Nexthops_FlushedByHand_AreRepairedWithTheirRoutes()
    {
        await using var cluster = VxlanCluster.Create(1);
        VxlanNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0], options: new VxlanBackendOptions { NexthopThreshold = 0 });
        node.Network.SetPeers([VxlanCluster.PeerOf(72), VxlanCluster.PeerOf(73)]);
        await node.WaitForConvergenceAsync();

        await node.Host.ExecAsync("ip", "nexthop", "flush");
        Assert.Empty(await node.LinesAsync("ip", "route", "show", "10.5.99.0/24"));

        await node.EventuallyAsync(async () => (await node.LinesAsync("ip", "nexthop", "show", "dev", "flannel.1")).Length == 2
            && (await node.LinesAsync("ip", "route", "show", "dev", "flannel.1")).Length == 2);
    }

    [NetnsFact]
    public async Task Mac_RewrittenOnce_IsSetBack()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync();
        VxlanNode node = cluster.Nodes[0];
        PhysicalAddress? before = node.Host.Device("flannel.1").Address;

        await node.Host.ExecAsync("ip", "link", "set", "flannel.1", "address", "02:99:99:99:99:99");

        await node.EventuallyAsync(() => Task.FromResult(before!.Equals(node.Host.Device("flannel.1").Address)));
        await node.WaitForConvergenceAsync();
        Assert.Equal(node.Lease.Attributes, node.Network.Attributes);
    }

    [NetnsFact]
    public async Task Mac_RewrittenAgainAndAgain_IsPublishedInstead()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync();
        VxlanNode node = cluster.Nodes[0];
        LeaseAttributes before = node.Network.Attributes;

        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (node.Network.Attributes == before)
        {
            if (node.Host.Device("flannel.1").Address!.ToString() != "029999999999")
                await node.Host.ExecAsync("ip", "link", "set", "flannel.1", "address", "02:99:99:99:99:99");
            await Task.Delay(10, timeout.Token);
        }

        Assert.Equal("""{"VNI":1,"VtepMAC":"02:99:99:99:99:99"}""", node.Network.Attributes.BackendData);
        Assert.Equal("029999999999", node.Host.Device("flannel.1").Address!.ToString());
    }

    [NetnsFact]
    public async Task ExternalInterface_DeletedAndMadeAnew_IsFollowed()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync();
        VxlanNode node = cluster.Nodes[0];
        await using ContinuousPing ping = node.Host.StartPinging(cluster.Nodes[1].Address);
        await ping.WaitForAnswersAsync(5);

        await node.Host.ExecAsync("ip", "link", "del", "eth0");
        BackendStatus broken = await node.WaitAsync(static status => status.Problem is not null);
        Assert.Contains("eth0", broken.Problem, StringComparison.Ordinal);
        Assert.False(broken.IsConverged);
        await cluster.Lab.Underlay.ExecAsync("ip", "link", "add", "again", "type", "veth", "peer", "name", "eth0", "netns", node.Host.NamespaceName);
        await cluster.Lab.Underlay.ExecAsync("ip", "link", "set", "again", "master", "br0", "up");
        await node.Host.ExecAsync("ip", "addr", "add", "192.168.100.1/24", "dev", "eth0");
        await node.Host.ExecAsync("ip", "link", "set", "eth0", "up");

        await node.WaitForConvergenceAsync();
        await ping.WaitForAnswersAsync(20);
    }

    [NetnsFact]
    public async Task ExternalInterface_MtuChanges_IsFollowedByDeviceAndStatus()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync();
        VxlanNode node = cluster.Nodes[0];

        await node.Host.ExecAsync("ip", "link", "set", "eth0", "mtu", "1400");
        await node.WaitAsync(static status => status is { Mtu: 1350, IsConverged: true });
        Assert.Equal(1350, node.Host.Device("flannel.1").Mtu);

        await node.Host.ExecAsync("ip", "link", "set", "eth0", "mtu", "1500");
        await node.WaitAsync(static status => status is { Mtu: 1450, IsConverged: true });
        Assert.Equal(1450, node.Host.Device("flannel.1").Mtu);
    }

    [NetnsFact]
    public async Task ExternalInterface_Renamed_DeviceIsKept()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync();
        VxlanNode node = cluster.Nodes[0];
        Link before = node.Host.Device("flannel.1");

        await node.Host.ExecAsync("sh", "-c", "ip link set eth0 down && ip link set eth0 name external0 && ip link set external0 up mtu 1400");
        await node.WaitAsync(static status => status is { Mtu: 1350, IsConverged: true, Problem: null });

        Assert.Equal(before.Index, node.Host.Device("flannel.1").Index);
        await using ContinuousPing ping = node.Host.StartPinging(cluster.Nodes[1].Address);
        await ping.WaitForAnswersAsync(10);
    }

    [NetnsFact]
    public async Task ExternalInterface_AddressRemovedAndAddedAgain_TrafficResumes()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync();
        VxlanNode node = cluster.Nodes[0];
        await node.Host.ExecAsync("ip", "addr", "del", "192.168.100.1/24", "dev", "eth0");
        await node.Host.ExecAsync("ip", "addr", "add", "192.168.100.1/24", "dev", "eth0");

        await using ContinuousPing ping = node.Host.StartPinging(cluster.Nodes[1].Address);
        await ping.WaitForAnswersAsync(10);
        await node.WaitForConvergenceAsync();
        Assert.Equal(node.Host.Address, node.Host.Device("flannel.1").Vxlan!.Local);
    }

    [NetnsFact]
    public async Task Watch_DeviceDeleted_TellsOfTheDamageAndOfTheEnd()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync();
        VxlanNode node = cluster.Nodes[0];
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var seen = new List<BackendStatus>();

        await foreach (BackendStatus status in node.Network.WatchAsync(timeout.Token))
        {
            seen.Add(status);
            if (seen.Count == 1) await node.Host.ExecAsync("ip", "link", "del", "eth0");
            if (status.Problem is null) continue;
            Assert.False(status.IsConverged);
            break;
        }

        await node.DisposeAsync();
        await foreach (BackendStatus status in node.Network.WatchAsync(timeout.Token)) seen.Add(status);
        Assert.NotNull(seen[^1].Problem);
    }

    [NetnsFact]
    public async Task ExternalInterface_DownAndUp_TrafficResumes()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync();
        VxlanNode node = cluster.Nodes[0];
        await node.Host.ExecAsync("ip", "link", "set", "eth0", "down");
        await node.Host.ExecAsync("ip", "link", "set", "eth0", "up");

        await using ContinuousPing ping = node.Host.StartPinging(cluster.Nodes[1].Address);
        await ping.WaitForAnswersAsync(10);
    }
}
