using System.Net;

namespace Flannel.Testing.Tests.Clusters;

public sealed class FlannelClusterTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Start_ThreeNodes_EverybodyReachesEverybody(bool useRealTime)
    {
        await using var cluster = new FlannelCluster(new FlannelClusterOptions { UseRealTime = useRealTime });

        await cluster.StartAsync();

        Assert.Equal(3, cluster.Nodes.Select(static node => node.Node.Lease.Subnet).Distinct().Count());
        Assert.All(cluster.Nodes, node => Assert.Equal(
            cluster.Nodes.Where(other => other != node).Select(static other => other.Node.Lease.Key).Order(ByText),
            node.Backend.DataPath.Keys.Order(ByText)));
    }

    [Fact]
    public async Task Start_DualStack_PublishesBothAddresses()
    {
        await using var cluster = new FlannelCluster(new FlannelClusterOptions
        {
            Nodes = 2,
            Config = """{"EnableIPv6":true,"Network":"10.5.0.0/16","IPv6Network":"fd00:5::/48","Backend":{"Type":"host-gw"}}""",
        });

        await cluster.StartAsync();

        LeaseAttributes peer = cluster.Nodes[0].Node.Peers.Single().Lease.Attributes;
        Assert.Equal((IPAddress.Parse("192.168.100.2"), IPAddress.Parse("fd00:100::2")), (peer.PublicIP, peer.PublicIPv6));
        Assert.Equal("host-gw", peer.BackendType);
    }

    [Fact]
    public async Task Advance_TenDays_LeasesAreRenewed()
    {
        await using var cluster = new FlannelCluster();
        await cluster.StartAsync();
        SubnetKey[] before = [.. cluster.Nodes.Select(static node => node.Node.Lease.Key)];
        DateTimeOffset start = cluster.Clock.GetUtcNow();

        await cluster.AdvanceAsync(10 * Day);

        Assert.Equal(10 * Day, cluster.Clock.GetUtcNow() - start);
        await cluster.UntilConnectedAsync();
        Assert.Equal(before, cluster.Nodes.Select(static node => node.Node.Lease.Key));
        Assert.All(cluster.Nodes, static node => Assert.DoesNotContain(node.Store.Calls, static call => call.Operation == StoreOperation.Delete));
    }

    [Fact]
    public async Task Start_TwoHostsWithOneAddress_SecondIsNotReadyUntilTheFirstIsGone()
    {
        await using var cluster = new FlannelCluster(new FlannelClusterOptions { UseRealTime = true });
        await cluster.StartAsync();
        (ClusterNode first, ClusterNode second) = (cluster.Nodes[0], cluster.AddNode());
        SubnetKey subnet = first.Node.Lease.Key;
        second.Move(first.Host.External.PublicIP!);
        bool wasReady = false;

        await second.StartAsync();
        using var watching = new CancellationTokenSource();
        Task watch = Task.Run(async () =>
        {
            await foreach (FlannelNodeStatus status in second.Node.WatchAsync(watching.Token)) wasReady |= status.IsReady;
        });
        await cluster.UntilAsync(
            () => second.Node.Status is { State: FlannelNodeState.Failed, Error: DuplicatePublicAddressException }, "the second to say so");
        await cluster.UntilAsync(
            () => first.Node.Status is { State: FlannelNodeState.Degraded, Error: DuplicatePublicAddressException }, "the first to say so");
        await cluster.UntilAsync(
            () => second.Store.Calls.Count(static call => call.Operation == StoreOperation.Claim) > 1, "the second to try again");
        await cluster.UntilAsync(() => second.Node.Status.State == FlannelNodeState.Failed, "the second to be refused again");

        Assert.False(wasReady);
        Assert.Equal((true, subnet), (first.Node.Status.IsReady, first.Node.Lease.Key));
        Assert.Contains("PublicIP", first.Node.Status.Reason, StringComparison.Ordinal);
        await first.CrashAsync();
        await cluster.UntilAsync(() => second.Node.Status.IsReady, "the second to take over");
        Assert.Equal(subnet, second.Node.Lease.Key);
        await watching.CancelAsync();
        await watch.ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task Start_TwoHostsWithOneAddress_FirstIsWellAgainWhenTheSecondIsGone()
    {
        await using var cluster = new FlannelCluster();
        await cluster.StartAsync();
        (ClusterNode first, ClusterNode second) = (cluster.Nodes[0], cluster.AddNode());
        second.Move(first.Host.External.PublicIP!);
        await second.StartAsync();
        await cluster.UntilAsync(() => first.Node.Status.State == FlannelNodeState.Degraded, "the first to say so");

        await second.StopAsync();

        await cluster.UntilAsync(() => first.Node.Status.State == FlannelNodeState.Ready, "the first to be well again");
        await cluster.UntilConnectedAsync();
    }

    [Fact]
    public async Task Stop_AndStart_GetsTheSameSubnetAndPacketsFlowMeanwhile()
    {
        await using var cluster = new FlannelCluster();
        await cluster.StartAsync();
        ClusterNode node = cluster.Nodes[1];
        SubnetKey subnet = node.Node.Lease.Key;

        await node.StopAsync();

        Assert.False(node.IsRunning);
        Assert.Equal(2, node.Backend.DataPath.Count);
        Assert.Throws<InvalidOperationException>(() => node.Node);
        await cluster.AdvanceAsync(Day / 2);
        await cluster.StartAsync();
        Assert.Equal(subnet, node.Node.Lease.Key);
    }

    [Fact]
    public async Task Stop_NodeThatGivesItsLeaseBack_IsForgotten()
    {
        await using var cluster = new FlannelCluster(new FlannelClusterOptions
        {
            ConfigureNodes = static options => (options.StopMode, options.ReleaseLeaseOnStop) = (StopMode.Remove, true),
        });
        await cluster.StartAsync();

        await cluster.Nodes[2].StopAsync();

        Assert.Empty(cluster.Nodes[2].Backend.DataPath);
        await cluster.UntilAsync(() => cluster.Nodes[0].Node.Peers.Count == 1, "the peer is forgotten");
    }

    [Fact]
    public async Task Crash_NodeThatWouldGiveItsLeaseBack_LeavesEverythingUntilTheLeaseEnds()
    {
        await using var cluster = new FlannelCluster(new FlannelClusterOptions
        {
            ConfigureNodes = static options => (options.StopMode, options.ReleaseLeaseOnStop) = (StopMode.Remove, true),
        });
        await cluster.StartAsync();

        await cluster.Nodes[2].CrashAsync();

        Assert.Equal(2, cluster.Nodes[2].Backend.DataPath.Count);
        await cluster.AdvanceAsync(Day / 2);
        Assert.Equal(2, cluster.Nodes[0].Node.Peers.Count);
        await cluster.AdvanceAsync(Day);
        await cluster.UntilAsync(
            () => cluster.Nodes[0].Node.Peers.Count == 1 && cluster.Nodes[1].Backend.DataPath.Count == 1, "both others forget the peer");
    }

    [Fact]
    public async Task Partition_LongerThanTheLease_OthersForgetTheNodeAndFindItAgain()
    {
        await using var cluster = new FlannelCluster(new FlannelClusterOptions
        {
            ConfigureNodes = static options =>
                (options.LeaseTimeToLive, options.LeaseRenewMargin) = (TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(2)),
        });
        await cluster.StartAsync();
        ClusterNode lonely = cluster.Nodes[0];

        lonely.Partition();
        await cluster.AdvanceAsync(TimeSpan.FromMinutes(8));

        Assert.True(lonely.IsPartitioned);
        Assert.Equal(2, lonely.Backend.DataPath.Count);
        await cluster.UntilAsync(() => cluster.Nodes[1].Node.Peers.Count == 1, "the lonely node is forgotten");
        lonely.Heal();
        await cluster.UntilConnectedAsync();
    }

    [Fact]
    public async Task Move_OtherAddress_OthersReachTheNodeThere()
    {
        await using var cluster = new FlannelCluster();
        await cluster.StartAsync();
        SubnetKey subnet = cluster.Nodes[0].Node.Lease.Key;

        cluster.Nodes[0].Move(IPAddress.Parse("192.168.100.77"));
        await cluster.UntilConnectedAsync();

        Assert.Equal(subnet, cluster.Nodes[0].Node.Lease.Key);
        Assert.Equal(IPAddress.Parse("192.168.100.77"), cluster.Nodes[1].Backend.DataPath[subnet].Attributes.PublicIP);
    }

    [Fact]
    public async Task AddNode_ToARunningCluster_Joins()
    {
        await using var cluster = new FlannelCluster(new FlannelClusterOptions { Nodes = 0 });
        for (int i = 1; i <= 20; i++) Assert.Equal($"node-{i}", cluster.AddNode().Name);

        await cluster.StartAsync();

        Assert.All(cluster.Nodes, static node => Assert.Equal(19, node.Backend.DataPath.Count));
    }

    [Fact]
    public async Task Until_NeverTheCase_SaysWhatIsMissing()
    {
        await using var cluster = new FlannelCluster(new FlannelClusterOptions { Patience = TimeSpan.FromSeconds(2) });
        TimeoutException waited = await Assert.ThrowsAsync<TimeoutException>(() => cluster.UntilAsync(static () => false, "it rains"));
        Assert.Contains("it rains", waited.Message, StringComparison.Ordinal);

        cluster.Nodes[1].Host.InterfaceError = new InvalidOperationException("No cable.");
        TimeoutException started = await Assert.ThrowsAsync<TimeoutException>(() => cluster.StartAsync());
        Assert.Contains("node-2", started.Message, StringComparison.Ordinal);
        Assert.Contains("No cable.", started.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Services_OfEveryNode_CanBeAddedTo()
    {
        var seen = new List<string>();
        await using var cluster = new FlannelCluster(new FlannelClusterOptions { ConfigureServices = services => seen.Add($"{services.Count > 0}") });
        await cluster.StartAsync();
        Assert.Equal(["True", "True", "True"], seen);
    }

    [Fact]
    public async Task Misuse_SaysWhatIsWrong()
    {
        Assert.Contains(
            "Network",
            Assert.Throws<NetworkConfigException>(static () => new FlannelCluster(new() { Config = "{}" })).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(static () => new FlannelCluster(new() { Nodes = 251 }));
        await using var real = new FlannelCluster(new() { UseRealTime = true });
        Assert.Contains("UseRealTime", Assert.Throws<InvalidOperationException>(() => real.Clock).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidOperationException>(() => real.AdvanceAsync(Day));
        await using var fake = new FlannelCluster();
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => fake.AdvanceAsync(-Day));
    }

    private static readonly Comparer<SubnetKey> ByText = Comparer<SubnetKey>.Create(
        static (left, right) => string.CompareOrdinal(left.ToString(), right.ToString()));
}
