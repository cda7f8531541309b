using System.Collections.Concurrent;
using System.Diagnostics;
using Flannel.Core.Tests.Hosting;
using Flannel.Core.Tests.Leases;
using Flannel.Core.Tests.Reconciliation;
using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Testing;

namespace Flannel.Core.Tests.Diagnostics;

/// <summary>
/// What a listener hears of a node's work. Other tests run at the same time, so each looks at the children of an activity of its own, or at its own
/// objects.
/// </summary>
public sealed class ActivityTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<Activity> _stopped = new();
    private readonly ActivityListener _listener;

    public ActivityTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == FlannelTelemetry.ActivitySourceName,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = _stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Node_ThatJoins_TracesTheStepsAndTheirStoreCalls()
    {
        using Activity request = new Activity("a request that starts the node").Start();
        await using var fixture = new NodeFixture();
        await fixture.ReadyAsync();
        string subnet = fixture.Node.Lease.Key.ToString();
        Activity acquire = await SeenAsync(
            FlannelTelemetry.AcquireActivity, activity => activity.GetTagItem(FlannelTelemetry.SubnetTag) as string == subnet);
        Activity join = await SeenAsync(FlannelTelemetry.JoinActivity, activity => activity.SpanId == acquire.ParentSpanId);

        Assert.Null(join.ParentId);
        Assert.Equal(subnet, join.GetTagItem(FlannelTelemetry.SubnetTag));
        Assert.Equal("", join.GetTagItem(FlannelTelemetry.NetworkTag));
        Assert.Equal(ActivityStatusCode.Unset, join.Status);
        Activity list = Assert.Single(_stopped, activity => activity.OperationName == "flannel.store.list" && activity.ParentSpanId == join.SpanId);
        Activity create = Assert.Single(
            _stopped, activity => activity.OperationName == "flannel.store.create" && activity.ParentSpanId == acquire.SpanId);
        Assert.All([list, create], call => Assert.Equal((ActivityKind.Client, ""), (call.Kind, call.GetTagItem(FlannelTelemetry.NetworkTag))));
        Assert.Same(request, Activity.Current);
    }

    [Fact]
    public async Task Node_WhoseStoreRefuses_TracesTheKind()
    {
        var faulty = new FaultyLeaseStore(new InMemoryLeaseStore(NodeFixture.ConfigJson));
        string why = Guid.NewGuid().ToString();
        faulty.FailNext(StoreOperation.List, new StoreException(why, isTransient: false) { Kind = StoreErrorKind.CredentialsRefused });
        await using var fixture = new NodeFixture(store: faulty);
        await fixture.Node.StartAsync();

        Activity list = await SeenAsync("flannel.store.list", activity => activity.StatusDescription == why);
        Activity join = await SeenAsync(FlannelTelemetry.JoinActivity, activity => activity.StatusDescription == why);

        Assert.All(
            [list, join],
            activity => Assert.Equal((ActivityStatusCode.Error, "credentials_refused"), (activity.Status, activity.GetTagItem("error.type"))));
        Assert.Equal(join.SpanId, list.ParentSpanId);
    }

    [Fact]
    public async Task Renewal_IsTracedWithItsResult()
    {
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist with { TimeToLive = TimeSpan.FromSeconds(10) });
        LabNode node = lab.Node(1, previous: "10.5.77.0-24");
        await using LeaseFollower follower = await node.StartAsync();
        node.Store.FailNext(StoreOperation.Renew, new StoreException("gone", isTransient: true) { Kind = StoreErrorKind.Unreachable });
        await lab.Time.WaitForTimerAsync(TimeSpan.FromSeconds(5));
        lab.Time.Advance(TimeSpan.FromSeconds(5));
        await follower.UntilAsync<StoreAvailabilityChanged>();
        await lab.Time.AdvanceToNextTimerAsync();
        await follower.UntilAsync<OwnLeaseChanged>();

        Activity failed = await SeenAsync(FlannelTelemetry.RenewActivity, activity => IsRenewal(activity, "failed"));
        await SeenAsync(FlannelTelemetry.RenewActivity, activity => IsRenewal(activity, "ok"));

        Assert.Equal((ActivityStatusCode.Error, "gone", "unreachable"), (failed.Status, failed.StatusDescription, failed.GetTagItem("error.type")));
        Assert.Single(_stopped, activity => activity.OperationName == "flannel.store.renew" && activity.ParentSpanId == failed.SpanId);

        static bool IsRenewal(Activity activity, string result) => activity.GetTagItem(FlannelTelemetry.SubnetTag) as string == "10.5.77.0-24"
            && activity.GetTagItem(FlannelTelemetry.ResultTag) as string == result;
    }

    [Fact]
    public async Task Reconciler_ThatWritesNothing_TracesNothing()
    {
        string network = Guid.NewGuid().ToString();
        var target = new FakeTarget();
        target.Edit(kernel => kernel["a"] = 1);
        var reconciler = new Reconciler<string, int>(target, new ReconcilerOptions { NetworkName = network }, new FakeTimeProvider(), new Random(1));
        using var stop = new CancellationTokenSource();
        Task run = reconciler.RunAsync(stop.Token);

        reconciler.Replace([new(SubnetKey.Parse("10.5.1.0-24"), 0, [new("a", 1)])]);
        await UntilAsync(reconciler, status => status is { IsConverged: true, Resyncs: 1 });
        Assert.DoesNotContain(_stopped, IsOurs);
        reconciler.Replace([new(SubnetKey.Parse("10.5.1.0-24"), 0, [new("a", 1), new("b", 2), new("c", 3)])]);
        Activity written = await SeenAsync(FlannelTelemetry.ReconcileActivity, IsOurs);

        Assert.Equal((2, 0), (written.GetTagItem(FlannelTelemetry.WritesTag), written.GetTagItem(FlannelTelemetry.FailuresTag)));
        await stop.CancelAsync();
        await run.WaitAsync(Limit);

        bool IsOurs(Activity activity) => activity.GetTagItem(FlannelTelemetry.NetworkTag) as string == network;
    }

    private static async Task UntilAsync(Reconciler<string, int> reconciler, Func<ReconcilerStatus<string>, bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        await foreach (ReconcilerStatus<string> status in reconciler.WatchAsync(limit.Token))
        {
            if (condition(status)) return;
        }
    }

    private async Task<Activity> SeenAsync(string name, Func<Activity, bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            if (_stopped.FirstOrDefault(activity => activity.OperationName == name && condition(activity)) is { } found) return found;
            await Task.Delay(5, limit.Token);
        }
    }
}
