using Flannel.Backends.Vxlan.Tests.Support;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Backends.Vxlan.Tests.Kernel;

/// <summary>Peers come, change and go.</summary>
public sealed class PeerChangeTests
{
    [NetnsFact]
    public async Task Peer_ChangesMacAndHost_LeavesNothingOfTheOld()
    {
        await using var cluster = VxlanCluster.Create(1);
        VxlanNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0]);
        Lease before = VxlanCluster.PeerOf(72, "02:aa:00:00:00:01", "192.168.100.71");
        node.Network.SetPeers([before]);
        await node.WaitForConvergenceAsync();

        Lease after = VxlanCluster.PeerOf(72, "02:aa:00:00:00:02", "192.168.100.72");
        node.Network.ChangePeers([new LeaseChange(before, after)]);
        await node.WaitForConvergenceAsync();

        Assert.Equal(["10.5.72.0 lladdr 02:aa:00:00:00:02 PERMANENT"], await node.LinesAsync("ip", "-4", "neigh", "show", "dev", "flannel.1"));
        Assert.Equal(["02:aa:00:00:00:02 dst 192.168.100.72 self permanent"], await node.LinesAsync("bridge", "fdb", "show", "dev", "flannel.1"));

        node.Network.ChangePeers([new LeaseChange(after, null)]);
        await node.WaitForConvergenceAsync();

        Assert.Empty(await node.LinesAsync("ip", "-4", "neigh", "show", "dev", "flannel.1"));
        Assert.Empty(await node.LinesAsync("bridge", "fdb", "show", "dev", "flannel.1"));
        Assert.Empty(await node.LinesAsync("ip", "route", "show", "dev", "flannel.1"));
    }

    [NetnsFact]
    public async Task OtherPeers_ComeAndGoUnderPing_NoPacketIsLost()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync(options: new VxlanBackendOptions { NexthopThreshold = 20 });
        VxlanNode node = cluster.Nodes[0];
        Lease[] others = [.. Enumerable.Range(50, 50).Select(number => VxlanCluster.PeerOf(number))];
        await using ContinuousPing ping = node.Host.StartPinging(cluster.Nodes[1].Address);
        await ping.WaitForAnswersAsync(10);

        for (int round = 0; round < 3; round++)
        {
            node.Network.ChangePeers([.. others.Select(static peer => new LeaseChange(null, peer))]);
            await node.WaitForConvergenceAsync();
            Assert.Contains("nhid", await node.Host.ExecAsync("ip", "route", "show", "10.5.2.0/24"), StringComparison.Ordinal);
            await ping.WaitForAnswersAsync(10);

            node.Network.ChangePeers([.. others.Select(static peer => new LeaseChange(peer, null))]);
            await node.WaitForConvergenceAsync();
            Assert.Equal(["10.5.2.0/24 via 10.5.2.0 dev flannel.1 onlink"], await node.LinesAsync("ip", "route", "show", "10.5.2.0/24"));
            Assert.Empty(await node.LinesAsync("ip", "nexthop"));
            await ping.WaitForAnswersAsync(10);
        }

        PingReport report = await ping.StopAsync();
        Assert.True(report.AllAnswered, report.ToString());
    }

    [NetnsFact]
    public async Task Peers_AboveThreshold_SharedIdsAreLeftToTheirOwners()
    {
        await using var cluster = VxlanCluster.Create(1);
        LabHost host = cluster.Lab.Hosts[0];
        VxlanNode node = await cluster.AddNodeAsync(host, options: new VxlanBackendOptions { NexthopThreshold = 0 });
        string foreign = $"id {0x2000_0010} via 192.168.100.254 dev eth0";
        await host.ExecAsync("ip", ["nexthop", "add", .. foreign.Split(' ')]);

        node.Network.SetPeers([VxlanCluster.PeerOf(72)]);
        await node.WaitForConvergenceAsync();
        string second = $"id {0x2000_0012} via 192.168.100.254 dev eth0";
        await host.ExecAsync("ip", ["nexthop", "add", .. second.Split(' ')]);
        node.Network.ChangePeers([new LeaseChange(null, VxlanCluster.PeerOf(73))]);
        await node.WaitForConvergenceAsync();

        Assert.Empty(node.Network.Status.PeerProblems);
        string nexthops = await host.ExecAsync("ip", "nexthop");
        Assert.Contains(foreign, nexthops, StringComparison.Ordinal);
        Assert.Contains(second, nexthops, StringComparison.Ordinal);
        Assert.Contains("via 10.5.72.0 dev flannel.1", nexthops, StringComparison.Ordinal);
        Assert.Contains("via 10.5.73.0 dev flannel.1", nexthops, StringComparison.Ordinal);
    }

    [NetnsFact]
    public async Task Restart_AboveThreshold_AdoptsNexthopsAndWritesNothing()
    {
        await using var cluster = VxlanCluster.Create(1);
        var options = new VxlanBackendOptions { NexthopThreshold = 0 };
        Lease[] peers = [VxlanCluster.PeerOf(72), VxlanCluster.PeerOf(73)];
        VxlanNode first = await cluster.AddNodeAsync(cluster.Lab.Hosts[0], options: options);
        first.Network.SetPeers(peers);
        await first.WaitForConvergenceAsync();
        await first.DisposeAsync();
        string[] before = await first.LinesAsync("ip", "nexthop");

        await using VxlanNode second = await VxlanNode.StartAsync(first.Host, 1, VxlanCluster.ConfigOf(), options);
        second.Network.SetPeers(peers);
        await second.WaitForConvergenceAsync();

        Assert.Equal(before, await second.LinesAsync("ip", "nexthop"));
    }

    [NetnsFact]
    public async Task Peers_WithTheSameMac_OlderOneWins()
    {
        await using var cluster = VxlanCluster.Create(1);
        VxlanNode node = await cluster.AddNodeAsync(cluster.Lab.Hosts[0]);
        Lease older = VxlanCluster.PeerOf(72, "02:aa:00:00:00:01");
        Lease younger = VxlanCluster.PeerOf(73, "02:aa:00:00:00:01");
        node.Network.SetPeers([younger, older]);
        await node.WaitForConvergenceAsync();

        KeyValuePair<SubnetKey, string> problem = Assert.Single(node.Network.Status.PeerProblems);
        Assert.Equal(younger.Key, problem.Key);
        Assert.Contains("10.5.72.0-24", problem.Value, StringComparison.Ordinal);
        Assert.Single(await node.LinesAsync("ip", "route", "show", "dev", "flannel.1"));

        node.Network.ChangePeers([new LeaseChange(older, null)]);
        await node.WaitForConvergenceAsync();

        Assert.Empty(node.Network.Status.PeerProblems);
        Assert.Equal(["10.5.73.0 lladdr 02:aa:00:00:00:01 PERMANENT"], await node.LinesAsync("ip", "-4", "neigh", "show", "dev", "flannel.1"));
    }

    [NetnsFact]
    public async Task ForeignRoute_ToAPeersSubnet_IsLeftAloneAndReported()
    {
        await using var cluster = VxlanCluster.Create(1);
        LabHost host = cluster.Lab.Hosts[0];
        VxlanNode node = await cluster.AddNodeAsync(host);
        await host.ExecAsync("ip", "route", "add", "10.5.72.0/24", "via", "192.168.100.254", "proto", "static");
        Lease peer = VxlanCluster.PeerOf(72);

        node.Network.SetPeers([peer, VxlanCluster.PeerOf(73)]);
        BackendStatus status = await node.WaitAsync(static status => status is { IsConverged: true, PeerProblems.Count: 1 });

        Assert.Contains("10.5.72.0/24", status.PeerProblems[peer.Key], StringComparison.Ordinal);
        Assert.Contains("192.168.100.254", status.PeerProblems[peer.Key], StringComparison.Ordinal);
        Assert.Contains("10.5.72.0/24 via 192.168.100.254 dev eth0 proto static", await host.ExecAsync("ip", "route"), StringComparison.Ordinal);
        Assert.Contains("10.5.73.0/24 via 10.5.73.0 dev flannel.1", await host.ExecAsync("ip", "route"), StringComparison.Ordinal);

        await host.ExecAsync("ip", "route", "del", "10.5.72.0/24");
        await node.WaitAsync(static status => status is { IsConverged: true, PeerProblems.Count: 0 });
        Assert.Contains("10.5.72.0/24 via 10.5.72.0 dev flannel.1", await host.ExecAsync("ip", "route"), StringComparison.Ordinal);
    }

    [NetnsFact]
    public async Task ForeignRoute_ReplacesOurs_IsLeftAloneAndReported()
    {
        await using var cluster = VxlanCluster.Create(1);
        LabHost host = cluster.Lab.Hosts[0];
        VxlanNode node = await cluster.AddNodeAsync(host);
        node.Network.SetPeers([VxlanCluster.PeerOf(72)]);
        await node.WaitForConvergenceAsync();

        await host.ExecAsync("ip", "route", "replace", "10.5.72.0/24", "via", "192.168.100.254", "proto", "static");

        await node.WaitAsync(static status => status.PeerProblems.Count == 1);
        Assert.Contains("10.5.72.0/24 via 192.168.100.254", await host.ExecAsync("ip", "route"), StringComparison.Ordinal);
    }
}
