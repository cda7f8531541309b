using System.Reflection;
using Flannel.Core.Health;
using Flannel.Core.Tests.Hosting;
using Flannel.Extensibility;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Flannel.Core.Tests.Health;

public sealed class HealthCheckTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly FakeBackend _backend = new();
    private ServiceProvider? _provider;

    public async ValueTask DisposeAsync()
    {
        if (_provider is not null) await _provider.DisposeAsync();
    }

    [Fact]
    public async Task Node_FromStoppedToReady_FailsUntilItIsReady()
    {
        IFlannelNode node = Build(checks => checks.AddFlannel()).GetRequiredService<IFlannelNode>();

        HealthReport before = await CheckAsync();
        await ReadyAsync(node);
        HealthReport after = await CheckAsync();

        Assert.Equal(HealthStatus.Unhealthy, before.Entries["flannel.ready"].Status);
        Assert.Equal("The network is Stopped.", before.Entries["flannel.ready"].Description);
        Assert.Equal(HealthStatus.Healthy, before.Entries["flannel.live"].Status);
        Assert.Equal(HealthStatus.Healthy, after.Status);
        IReadOnlyDictionary<string, object> data = after.Entries["flannel.ready"].Data;
        Assert.Equal("Ready", data["state"]);
        Assert.Equal(node.Lease.Key.ToString(), data["subnet"]);
        Assert.Equal(node.Lease.Expiration!.Value, data["leaseExpires"]);
        Assert.Equal("192.168.100.1", data["publicAddress"]);
        Assert.Equal(node.Mtu, data["mtu"]);
        Assert.Equal((0, 0, 0), ((int)data["peers"], (int)data["peersFailing"], (int)data["quarantined"]));
        Assert.Equal("available", data["store"]);
        Assert.DoesNotContain("reason", data.Keys);
    }

    [Fact]
    public async Task Node_WhoseStoreIsAway_IsDegradedAndAlive()
    {
        var faulty = new FaultyLeaseStore(new InMemoryLeaseStore(NodeFixture.ConfigJson));
        await using var fixture = new NodeFixture(store: faulty);
        await fixture.ReadyAsync();

        faulty.Away = new StoreException("Connection refused.", isTransient: true) { Kind = StoreErrorKind.Unreachable };
        await fixture.UntilAsync(status => status.State == FlannelNodeState.Degraded);
        HealthCheckResult ready = await CheckAsync(new ReadinessCheck(NodesOf(fixture.Node), null));
        HealthCheckResult live = await CheckAsync(new LivenessCheck(NodesOf(fixture.Node), null, TimeProvider.System));

        Assert.Equal(HealthStatus.Degraded, ready.Status);
        Assert.Contains("Connection refused", ready.Description, StringComparison.Ordinal);
        Assert.IsType<StoreException>(ready.Exception);
        Assert.Equal("away (Unreachable)", ready.Data["store"]);
        Assert.Equal(HealthStatus.Healthy, live.Status);
        Assert.Equal(StoreErrorKind.Unreachable, fixture.Node.Status.StoreError!.Kind);
        faulty.Away = null;
        await fixture.UntilAsync(status => status is { State: FlannelNodeState.Ready, StoreError: null });
    }

    [Fact]
    public async Task Node_ThatCannotStart_FailsAndIsAlive()
    {
        IFlannelNode node = Build(checks => checks.AddFlannel(failureStatus: HealthStatus.Degraded)).GetRequiredService<IFlannelNode>();
        _backend.CreateError = new MissingCapabilityException("CAP_NET_ADMIN", "programming the network");
        await node.StartAsync();
        await UntilAsync(node, status => status.State == FlannelNodeState.Failed);

        HealthReport report = await CheckAsync();

        Assert.Equal(HealthStatus.Degraded, report.Entries["flannel.ready"].Status);
        Assert.Contains("CAP_NET_ADMIN", report.Entries["flannel.ready"].Description, StringComparison.Ordinal);
        Assert.Contains("CAP_NET_ADMIN", (string)report.Entries["flannel.ready"].Data["reason"], StringComparison.Ordinal);
        Assert.Equal(HealthStatus.Healthy, report.Entries["flannel.live"].Status);
    }

    [Fact]
    public async Task Tags_TellReadyFromLive()
    {
        Build(checks => checks.AddFlannel("", tags: ["mine"]));

        HealthReport ready = await CheckAsync(check => check.Tags.Contains("ready"));
        HealthReport live = await CheckAsync(check => check.Tags.Contains("live"));
        HealthReport mine = await CheckAsync(check => check.Tags.IsSupersetOf(["mine", "flannel"]));

        Assert.Equal("flannel.ready.default", Assert.Single(ready.Entries.Keys));
        Assert.Equal("flannel.live.default", Assert.Single(live.Entries.Keys));
        Assert.Equal(2, mine.Entries.Count);
    }

    [Fact]
    public async Task Networks_CheckedTogetherOrOneByOne_AreToldApart()
    {
        ServiceProvider provider = Build(checks => checks.AddFlannel().AddFlannel("red").AddFlannel("green"), "red", "blue");
        await ReadyAsync(provider.GetRequiredKeyedService<IFlannelNode>("red"));

        HealthReport report = await CheckAsync();

        HealthReportEntry all = report.Entries["flannel.ready"];
        Assert.Equal(HealthStatus.Unhealthy, all.Status);
        Assert.Equal("Network 'blue' is Stopped. Network 'red' is Ready.", all.Description);
        Assert.Equal(("Stopped", "Ready"), ((string)all.Data["blue.state"], (string)all.Data["red.state"]));
        Assert.Equal(HealthStatus.Healthy, report.Entries["flannel.ready.red"].Status);
        Assert.Equal("Ready", report.Entries["flannel.ready.red"].Data["state"]);
        Assert.Equal(HealthStatus.Unhealthy, report.Entries["flannel.ready.green"].Status);
        Assert.Contains("There is no network 'green'", report.Entries["flannel.ready.green"].Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoNetwork_IsHealthy()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        #region HealthSample
        services.AddHealthChecks().AddFlannel();
        #endregion
        _provider = services.BuildServiceProvider();

        Assert.Equal(HealthStatus.Healthy, (await CheckAsync()).Status);
    }

    [Fact]
    public async Task Node_WhoseLoopCrashes_IsNotAlive()
    {
        var crashed = new FlannelNodeStatus { State = FlannelNodeState.Failed, IsAlive = false, Reason = "the node has ended; restart the program" };

        HealthCheckResult live = await CheckAsync(new LivenessCheck(NodesOf(FixedNode.Of(crashed)), null, TimeProvider.System));

        Assert.Equal(HealthStatus.Unhealthy, live.Status);
        Assert.Equal("The network is Failed: the node has ended; restart the program.", live.Description);
    }

    [Theory]
    [InlineData(0, false, true)]
    [InlineData(1, false, true)]
    [InlineData(3, false, false)]
    [InlineData(3, true, true)]
    public async Task Node_ReadyOnALeaseLongOver_IsNotAliveUnlessItSaysSo(int minutes, bool isTold, bool isAlive)
    {
        var time = new FakeTimeProvider();
        var lease = new Lease
        {
            Key = SubnetKey.Parse("10.5.3.0-24"),
            Attributes = new LeaseAttributes(),
            Expiration = time.GetUtcNow() - TimeSpan.FromMinutes(minutes),
        };
        var status = new FlannelNodeStatus
        {
            State = FlannelNodeState.Degraded,
            IsReady = true,
            Lease = lease,
            Error = isTold ? new LeaseLostException(lease.Key, "may be lost", isTransient: true) : null,
        };

        HealthCheckResult live = await CheckAsync(new LivenessCheck(NodesOf(FixedNode.Of(status)), null, time));

        Assert.Equal(isAlive ? HealthStatus.Healthy : HealthStatus.Unhealthy, live.Status);
    }

    private ServiceProvider Build(Action<IHealthChecksBuilder> add, params string[] networks)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IHostNetwork>(new InMemoryHostNetwork("192.168.100.1"));
        foreach (string network in networks is [] ? [""] : networks)
        {
            services.AddFlannel(network).UseInMemoryStore(NodeFixture.ConfigJson).UseBackend((_, _) => _backend);
        }

        add(services.AddLogging().AddHealthChecks());
        return _provider = services.BuildServiceProvider();
    }

    private Task<HealthReport> CheckAsync(Func<HealthCheckRegistration, bool>? predicate = null) =>
        _provider!.GetRequiredService<HealthCheckService>().CheckHealthAsync(predicate);

    private static NodeList NodesOf(IFlannelNode node) => new(() => [node]);

    private static Task<HealthCheckResult> CheckAsync(IHealthCheck check) =>
        check.CheckHealthAsync(new HealthCheckContext { Registration = new HealthCheckRegistration("check", check, HealthStatus.Unhealthy, []) });

    private static async Task ReadyAsync(IFlannelNode node)
    {
        await node.StartAsync();
        await node.WaitForReadyAsync().WaitAsync(Limit);
    }

    private static async Task UntilAsync(IFlannelNode node, Func<FlannelNodeStatus, bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        await foreach (FlannelNodeStatus status in node.WatchAsync(limit.Token))
        {
            if (condition(status)) return;
        }
    }

    /// <summary>A node that has nothing but a status.</summary>
    public class FixedNode : DispatchProxy
    {
        private FlannelNodeStatus _status = new();

        public static IFlannelNode Of(FlannelNodeStatus status)
        {
            IFlannelNode node = Create<IFlannelNode, FixedNode>();
            ((FixedNode)node)._status = status;
            return node;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
        {
            $"get_{nameof(IFlannelNode.Status)}" => _status,
            $"get_{nameof(IFlannelNode.Name)}" => "",
            var other => throw new NotSupportedException(other),
        };
    }
}
