using System.Net;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Testing.Tests.Guides;

/// <summary>What README.md of the package and docs/guides/testing.md show.</summary>
public sealed class TestingGuide
{
    [Fact]
    public async Task Readme()
    {
        #region Readme
        await using var cluster = new FlannelCluster();
        await cluster.StartAsync(); // every node is ready and reaches every other one

        cluster.Nodes[0].Move(IPAddress.Parse("192.168.100.77"));
        await cluster.UntilConnectedAsync();

        await cluster.Nodes[1].CrashAsync();
        await cluster.AdvanceAsync(TimeSpan.FromHours(25)); // its lease ends
        await cluster.UntilAsync(() => cluster.Nodes[0].Node.Peers.Count == 1, "the others forget it");
        #endregion
    }

    [Fact]
    public async Task Orchestrator()
    {
        #region Orchestrator
        await using var cluster = new FlannelCluster(new FlannelClusterOptions { Nodes = 2 });
        await cluster.StartAsync();

        // The program under test gets its own node, on a host of the cluster.
        ClusterNode host = cluster.AddNode();
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(cluster.Clock);
        services.AddFlannel().UseStore(host.Store).UseBackend(host.Backend).UseHostNetwork(host.Host);
        await using ServiceProvider program = services.BuildServiceProvider();

        var node = program.GetRequiredService<IFlannelNode>();
        await node.StartAsync();
        await cluster.UntilAsync(() => node.Status.IsReady && node.Peers.Count == 2, "the program's node knows both others");
        #endregion

        await cluster.UntilAsync(() => cluster.Nodes[0].Node.Peers.Count == 2, "they know it, too");
    }

    [Fact]
    public async Task Faults()
    {
        await using var cluster = new FlannelCluster();
        await cluster.StartAsync();
        #region Faults
        ClusterNode node = cluster.Nodes[0];
        node.Partition(); // packets still flow; the node says so
        await cluster.UntilAsync(() => node.Node.Status.State == FlannelNodeState.Degraded, "the outage shows");
        node.Heal();
        await cluster.UntilConnectedAsync();

        node.Store.LoseAnswerOfNext(StoreOperation.Renew); // carried out, but the node does not learn of it
        await cluster.AdvanceAsync(TimeSpan.FromHours(24));
        await cluster.UntilConnectedAsync();

        cluster.Store.Delete(node.Node.Lease.Key.ToString()); // an operator's mistake; the node takes its subnet again
        await cluster.UntilConnectedAsync();
        #endregion
    }
}
