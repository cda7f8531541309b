using System.Diagnostics;
using System.Diagnostics.Metrics;
using Flannel.Extensibility;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Diagnostics;
using Flannel.Store.Etcd.Tests.Lab;
using Flannel.Store.Etcd.Transport;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;
using static Flannel.Store.Etcd.Tests.Lab.LabStore;

namespace Flannel.Store.Etcd.Tests;

/// <summary>Connections in which a lock is lost, which are silent, or whose address is gone: nothing waits for them longer than a bound.</summary>
public sealed class EtcdStuckConnectionTests(EtcdFixture fixture) : IClassFixture<EtcdFixture>, IAsyncLifetime
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(60);

    // SocketsHttpHandler looks at its pings this often.
    private static readonly TimeSpan HandlerTick = TimeSpan.FromSeconds(1);

    private readonly ListLogger _logger = new();
    private EtcdServer _server = null!;

    public async Task InitializeAsync() => _server = await fixture.GetAsync();

    public async Task DisposeAsync()
    {
        if (_server is not null)
            await _server.RunAsync("del", "--prefix", Prefix);
    }

    [SkippableFact]
    public async Task Watch_ReadNeverReturns_IsOpenedAgainOnAnotherConnection()
    {
        using var http = new StuckHttp();
        await using EtcdLeaseStore watching = OpenLogged(_server, http, probeAfter: TimeSpan.FromMilliseconds(300));
        await using EtcdLeaseStore writing = Open(_server);
        await using var follower = new Follower(watching, (await writing.CreateAsync("10.5.1.0-24")).ModRevision);
        await follower.UntilRevisionAsync((await writing.CreateAsync("10.5.2.0-24")).ModRevision);

        http.Stick();
        await follower.UntilRevisionAsync((await writing.CreateAsync("10.5.3.0-24")).ModRevision);

        Assert.Equal(["10.5.2.0-24", "10.5.3.0-24"], follower.Changes.Select(change => change.Key));
        Assert.Equal(2, http.Handlers);
        Assert.InRange(http.Hanging, 1, int.MaxValue);
        Assert.Single(_logger.Messages, message => message.Contains("did not close within 2 s", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Watch_ServerDiesAndTheReadNeverReturns_IsOpenedAgainWithoutAProbe()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        using var http = new StuckHttp();
        // No probe helps: the end of the connection does.
        await using EtcdLeaseStore watching = OpenLogged(server, http, probeAfter: TimeSpan.FromHours(1));
        await using EtcdLeaseStore writing = Open(server);
        await using var follower = new Follower(watching, (await writing.CreateAsync("10.5.1.0-24")).ModRevision);
        await follower.UntilRevisionAsync((await writing.CreateAsync("10.5.2.0-24")).ModRevision);

        http.Stick();
        await server.KillAllAsync();
        await server.RestartAllAsync();
        StoredEntry entry = await EventuallyAsync(() => writing.CreateAsync("10.5.3.0-24"));
        await follower.UntilRevisionAsync(entry.ModRevision);

        Assert.Equal("10.5.3.0-24", follower.Changes.Last().Key);
        Assert.Contains(_logger.Messages, message => message.Contains("the connection ended and the stream did not", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Watch_IsCancelledWhileItHangs_EndsWithinTheBound()
    {
        using var http = new StuckHttp();
        await using EtcdLeaseStore store = OpenLogged(_server, http);
        var follower = new Follower(store, (await store.CreateAsync("10.5.1.0-24")).ModRevision);
        await follower.UntilRevisionAsync((await store.CreateAsync("10.5.2.0-24")).ModRevision);
        http.Stick();
        var clock = Stopwatch.StartNew();

        await follower.DisposeAsync().AsTask().WaitAsync(WaitLimit);

        Assert.True(clock.Elapsed < StopLimit, $"it took {clock.Elapsed}");
        Assert.InRange(http.Hanging, 1, int.MaxValue);
    }

    [SkippableFact]
    public async Task Store_IsDisposedOfWhileEverythingHangs_EndsWithinTheBound()
    {
        using var http = new StuckHttp();
        EtcdLeaseStore store = OpenLogged(_server, http);
        await using var follower = new Follower(store, (await store.CreateAsync("10.5.1.0-24")).ModRevision);
        await follower.UntilRevisionAsync((await store.CreateAsync("10.5.2.0-24")).ModRevision);
        http.Stick();
        Task<StoreSnapshot> list = store.ListAsync(null, CancellationToken.None);
        await Follower.UntilAsync(() => http.Hanging > 0, "the call to hang");
        var clock = Stopwatch.StartNew();

        await store.DisposeAsync().AsTask().WaitAsync(WaitLimit);

        Assert.True(clock.Elapsed < StopLimit, $"it took {clock.Elapsed}");
        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => list.WaitAsync(WaitLimit));
        Assert.True(error.IsTransient);
        Assert.Contains(_logger.Messages, message => message.Contains("did not close within 2 s", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Call_HangsInsideHttp_FailsInTimeAndTheNextOneUsesAnotherConnection()
    {
        var time = new FakeTimeProvider();
        using var http = new StuckHttp();
        await using EtcdLeaseStore store = OpenLogged(_server, http, time: time);
        await store.ListAsync(null, CancellationToken.None);
        http.Stick();

        Task<StoreSnapshot> list = store.ListAsync(null, CancellationToken.None);
        await Follower.UntilAsync(() => http.Hanging > 0, "the call to hang");
        await time.WaitForTimerAsync(TimeSpan.FromSeconds(5));
        time.Advance(TimeSpan.FromSeconds(5));
        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => list.WaitAsync(WaitLimit));
        await time.WaitForTimerAsync(TimeSpan.FromSeconds(2));
        time.Advance(TimeSpan.FromSeconds(2));
        await Follower.UntilAsync(
            () => _logger.Messages.Any(message => message.Contains("did not close within 2 s", StringComparison.Ordinal)),
            "the connection to be abandoned");

        Assert.Contains("no answer within 5 s", error.Message, StringComparison.Ordinal);
        await store.ListAsync(null, CancellationToken.None).WaitAsync(WaitLimit);
        Assert.Equal(2, http.Handlers);
        time.Advance(TimeSpan.FromSeconds(10));
    }

    [SkippableFact]
    public async Task Call_IsCancelledWhileItHangs_EndsAtOnce()
    {
        using var http = new StuckHttp();
        await using EtcdLeaseStore store = OpenLogged(_server, http);
        await store.ListAsync(null, CancellationToken.None);
        http.Stick();
        using var stop = new CancellationTokenSource();
        Task<StoreSnapshot> list = store.ListAsync(null, stop.Token);
        await Follower.UntilAsync(() => http.Hanging > 0, "the call to hang");

        // On this thread: whoever cancels does not hang either.
        stop.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => list.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [SkippableFact]
    public async Task Abandoned_IsCountedOncePerConnection()
    {
        using var http = new StuckHttp();
        var counted = new List<(string Network, string Server)>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == EtcdTelemetry.ConnectionsAbandoned)
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
        {
            Assert.Equal(1, count);
            Dictionary<string, object?> named = tags.ToArray().ToDictionary();
            lock (counted)
                counted.Add(((string)named[FlannelTelemetry.NetworkTag]!, (string)named["server.address"]!));
        });
        listener.Start();
        await using ServiceProvider provider = new ServiceCollection().AddMetrics().BuildServiceProvider();
        await using (
            EtcdLeaseStore store = OpenLogged(_server, http, metrics: new EtcdMetrics(provider.GetRequiredService<IMeterFactory>(), "stuck")))
        {
            await using var one = new Follower(store, (await store.CreateAsync("10.5.1.0-24")).ModRevision);
            await using var other = new Follower(store, one.Revision);
            StoredEntry entry = await store.CreateAsync("10.5.2.0-24");
            await one.UntilRevisionAsync(entry.ModRevision);
            await other.UntilRevisionAsync(entry.ModRevision);
            http.Stick();
        }

        lock (counted)
            Assert.Equal(("stuck", new Uri(_server.Endpoints[0]).Authority), Assert.Single(counted, item => item.Network == "stuck"));
    }

    [SkippableFact]
    public async Task ResetConnections_OldOnesAreSilent_WatchAndCallsGoOnOnNewOnes()
    {
        await using var relay = new TcpRelay(_server.Endpoints[0]);
        await using EtcdLeaseStore store = OpenLogged(_server, configure: options => options.Endpoints = [relay.Endpoint]);
        await using EtcdLeaseStore writing = Open(_server);
        await using var follower = new Follower(store, (await writing.CreateAsync("10.5.1.0-24")).ModRevision);
        await follower.UntilRevisionAsync((await writing.CreateAsync("10.5.2.0-24")).ModRevision);
        relay.ClogOldOnes();
        Task<StoreSnapshot> list = store.ListAsync(null, CancellationToken.None);
        var clock = Stopwatch.StartNew();

        store.ResetConnections();

        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => list.WaitAsync(WaitLimit));
        Assert.True(error.IsTransient);
        await store.ListAsync(null, CancellationToken.None);
        await follower.UntilRevisionAsync((await writing.CreateAsync("10.5.3.0-24")).ModRevision);
        Assert.True(clock.Elapsed < StopLimit, $"it took {clock.Elapsed}");
        Assert.DoesNotContain(
            _logger.Messages,
            message => message.Contains("did not close", StringComparison.Ordinal) || message.Contains("fails", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task Frozen_OnlyServer_IsNoticedWithinFifteenSeconds()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using EtcdLeaseStore store = OpenLogged(server);
        await using var follower = new Follower(store, (await store.CreateAsync("10.5.1.0-24")).ModRevision);
        await follower.UntilRevisionAsync((await store.CreateAsync("10.5.2.0-24")).ModRevision);

        await server.Members[0].FreezeAsync();
        await Follower.UntilAsync(() => !follower.Errors.IsEmpty, "the watch to notice");

        // The pings end the connection, and the next one is not waited for as long as one that has answered.
        Assert.Contains("no answer within 2.5 s", follower.Errors.First().Message, StringComparison.Ordinal);
        Assert.True(GrpcTransport.PingDelay + GrpcTransport.PingTimeout + (2 * HandlerTick) + TimeSpan.FromSeconds(2.5) < TimeSpan.FromSeconds(15));
        await server.Members[0].ThawAsync();
    }

    [SkippableFact]
    public async Task MaxSilence_IdleWatch_GivesSignsOfLifeWithinIt()
    {
        await using EtcdLeaseStore store = Open(_server, probeAfter: TimeSpan.FromMilliseconds(200));
        long revision = (await store.CreateAsync("10.5.1.0-24")).ModRevision;
        await using var follower = new Follower(store, revision);

        await Follower.UntilAsync(() => follower.Items.Count >= 5, "signs of life");

        Assert.All(follower.Items, item => Assert.Equal((0, revision), (Assert.IsType<StoreChanges>(item).Changes.Count, item.Revision)));
        // 0.2 s of silence, two probes of 0.2 s, 2 s to close and 5 s to open a stream.
        Assert.Equal(TimeSpan.FromSeconds(7.6), store.MaxSilence);
        await using EtcdLeaseStore usual = Open(options => options.Endpoints = ["http://a:1", "http://b:1", "http://c:1"]);
        Assert.Equal(TimeSpan.FromSeconds(15 + 10 + 2 + 15), usual.MaxSilence);
    }

    private EtcdLeaseStore OpenLogged(
        EtcdServer server,
        StuckHttp? http = null,
        TimeSpan? probeAfter = null,
        TimeProvider? time = null,
        EtcdMetrics? metrics = null,
        Action<EtcdStoreOptions>? configure = null)
    {
        var options = new EtcdStoreOptions { Prefix = Prefix, Endpoints = server.Endpoints };
        configure?.Invoke(options);
        return new EtcdLeaseStore(
            options,
            time ?? TimeProvider.System,
            new Random(),
            _logger,
            metrics ?? new EtcdMetrics(null, ""),
            http is null ? null : new GrpcTransportOptions { Wrap = http.Wrap })
        {
            ProbeAfter = probeAfter ?? TimeSpan.FromSeconds(15),
        };
    }
}
