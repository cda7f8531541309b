using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Flannel.Architecture.Tests.Docs;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Diagnostics;
using Flannel.Store.Etcd.Tests.Lab;
using Grpc.Core;
using static Flannel.Store.Etcd.Tests.Lab.LabStore;

namespace Flannel.Store.Etcd.Tests.Diagnostics;

public sealed class EtcdInstrumentationTests
{
    [Fact]
    public void Instruments_WithoutAMeterFactory_AreThereAndAsThePageSays()
    {
        string network = Guid.NewGuid().ToString();
        var measured = new ConcurrentDictionary<string, MetricsPage.Instrument>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = static (instrument, self) =>
        {
            if (instrument.Meter.Name == EtcdTelemetry.MeterName) self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Note(instrument, tags));
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Note(instrument, tags));
        listener.Start();

        var metrics = new EtcdMetrics(null, network);
        metrics.Record("etcdserverpb.KV/Range", new Uri("http://127.0.0.1:2379"), StatusCode.OK, TimeSpan.FromSeconds(1));
        metrics.ConnectionAbandoned(new Uri("http://127.0.0.1:2379"));

        Assert.Equal(
            MetricsPage.Read().InstrumentsOf(EtcdTelemetry.MeterName).OrderBy(static instrument => instrument.Name, StringComparer.Ordinal),
            measured.Values.OrderBy(static instrument => instrument.Name, StringComparer.Ordinal));

        void Note(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            KeyValuePair<string, object?>[] all = tags.ToArray();
            if (all.Contains(new(FlannelTelemetry.NetworkTag, network)))
                measured[instrument.Name] = MetricsPage.Describe(instrument, all.Select(static tag => tag.Key));
        }
    }

    [SkippableFact]
    public async Task Requests_ToEveryEndpoint_AreTracedWithTheirOutcome()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        const string Nobody = "http://127.0.0.1:1";
        var stopped = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == EtcdTelemetry.ActivitySourceName,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using Activity test = new Activity("test").Start();
        await using EtcdLeaseStore store = Open(options => options.Endpoints = server.Endpoints);
        await using EtcdLeaseStore lost = Open(options => options.Endpoints = [Nobody]);

        long revision = (await store.CreateAsync("10.5.1.0-24")).ModRevision;
        await Assert.ThrowsAsync<StoreException>(() => lost.ListAsync(null, CancellationToken.None));
        await using (var follower = new Follower(store, revision - 1)) await follower.UntilRevisionAsync(revision);

        Activity[] ours = [.. stopped.Where(activity => activity.RootId == test.RootId)];
        Assert.Equal(
            ["etcdserverpb.KV/Range 14", "etcdserverpb.KV/Txn 0", "etcdserverpb.Lease/LeaseGrant 0", "etcdserverpb.Watch/Watch 0"],
            ours.Select(static activity => $"{activity.OperationName} {activity.GetTagItem("rpc.grpc.status_code")}").Order(StringComparer.Ordinal));
        Assert.All(
            ours,
            activity =>
                Assert.Equal(
                    (ActivityKind.Client, "grpc", ""), (activity.Kind, activity.GetTagItem("rpc.system"), activity.GetTagItem("flannel.network"))));
        Activity failed = Assert.Single(ours, static activity => activity.Status == ActivityStatusCode.Error);
        Assert.Equal(("127.0.0.1:1", "unreachable"), (failed.GetTagItem("server.address"), failed.GetTagItem("error.type")));
        Assert.Contains("cannot connect", failed.StatusDescription, StringComparison.Ordinal);
        Assert.All(ours.Except([failed]), activity => Assert.Equal(new Uri(server.Endpoints[0]).Authority, activity.GetTagItem("server.address")));
        Assert.Same(test, Activity.Current);
    }
}
