using Flannel.Extensibility;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Tests.Lab;
using static Flannel.Store.Etcd.Tests.Lab.LabStore;

namespace Flannel.Store.Etcd.Tests;

public sealed class EtcdWatchTests(EtcdFixture fixture) : IClassFixture<EtcdFixture>, IAsyncLifetime
{
    private EtcdServer _server = null!;

    public async Task InitializeAsync() => _server = await fixture.GetAsync();

    public async Task DisposeAsync()
    {
        if (_server is not null)
            await _server.RunAsync("del", "--prefix", Prefix);
    }

    [SkippableFact]
    public async Task Disconnected_HistoryKept_GoesOnWhereItStopped()
    {
        await using var relay = new TcpRelay(_server.Endpoints[0]);
        await using EtcdLeaseStore watching = Open(_server, options => options.Endpoints = [relay.Endpoint]);
        await using EtcdLeaseStore writing = Open(_server);
        StoredEntry first = await writing.CreateAsync("10.5.1.0-24");
        await using var follower = new Follower(watching, first.ModRevision);
        await follower.UntilRevisionAsync((await writing.CreateAsync("10.5.2.0-24")).ModRevision);

        relay.Cut();
        StoredEntry missed = await writing.CreateAsync("10.5.3.0-24");
        await writing.DeleteAsync(first, CancellationToken.None);
        await Follower.UntilAsync(() => !follower.Errors.IsEmpty, "the watch to notice");
        relay.Mend();
        await follower.UntilRevisionAsync(missed.ModRevision + 1);

        Assert.All(follower.Items, item => Assert.IsType<StoreChanges>(item));
        Assert.Equal(["10.5.2.0-24", "10.5.3.0-24", "10.5.1.0-24"], follower.Changes.Select(change => change.Key));
        Assert.Contains(relay.Endpoint, follower.Errors.First().Message, StringComparison.Ordinal);
        Assert.Contains($"{Prefix}/subnets/", follower.Errors.First().Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Disconnected_HistoryCompacted_ListsEverything()
    {
        await using var relay = new TcpRelay(_server.Endpoints[0]);
        await using EtcdLeaseStore watching = Open(_server, options => options.Endpoints = [relay.Endpoint]);
        await using EtcdLeaseStore writing = Open(_server);
        StoredEntry first = await writing.CreateAsync("10.5.1.0-24");
        await using var follower = new Follower(watching, first.ModRevision - 1);
        await follower.UntilRevisionAsync(first.ModRevision);

        relay.Cut();
        await writing.DeleteAsync(first, CancellationToken.None);
        StoredEntry kept = await writing.CreateAsync("10.5.2.0-24");
        await _server.RunAsync("compaction", $"{kept.ModRevision}");
        relay.Mend();
        await follower.UntilRevisionAsync(kept.ModRevision);

        StoreSnapshot snapshot = Assert.Single(follower.Items.OfType<StoreSnapshot>());
        Assert.Equal("10.5.2.0-24", Assert.Single(snapshot.Entries).Key);
        StoredEntry next = await writing.CreateAsync("10.5.3.0-24");
        await follower.UntilRevisionAsync(next.ModRevision);
        Assert.Equal("10.5.3.0-24", follower.Changes.Last().Key);
    }

    [SkippableFact]
    public async Task Resumed_OverMoreHistoryThanFitsOneAnswer_DeliversItWholeAndOnce()
    {
        await using EtcdLeaseStore store = Open(_server);
        StoredEntry first = await store.CreateAsync();
        StoredEntry entry = first;
        // etcd sends answers above 2 MB in fragments if it is asked to, as it is, and else refuses to send them.
        for (int i = 0; i < 6; i++)
            entry = await store.UpdateAsync(entry, Bytes(new string((char)('a' + i), 1 << 20)), Hour, CancellationToken.None).TakeAsync();

        await using var follower = new Follower(store, first.ModRevision);
        await follower.UntilRevisionAsync(entry.ModRevision);

        Assert.Empty(follower.Errors);
        Assert.Equal(6, Assert.IsType<StoreChanges>(Assert.Single(follower.Items)).Changes.Count);
        Assert.Equal("abcdef", string.Concat(follower.Changes.Select(change => Text(change.Entry)[0])));
    }

    [SkippableFact]
    public async Task Silent_StreamIsReplacedAtAnotherEndpoint()
    {
        var logger = new ListLogger();
        await using var first = new TcpRelay(_server.Endpoints[0]);
        await using var second = new TcpRelay(_server.Endpoints[0]);
        await using EtcdLeaseStore watching = Open(
            _server,
            options => (options.Endpoints, options.RequestTimeout) = ([first.Endpoint, second.Endpoint], TimeSpan.FromSeconds(2)),
            probeAfter: TimeSpan.FromMilliseconds(500),
            logger);
        await using EtcdLeaseStore writing = Open(_server);
        StoredEntry entry = await writing.CreateAsync("10.5.1.0-24");
        await using var follower = new Follower(watching, entry.ModRevision - 1);
        await follower.UntilRevisionAsync(entry.ModRevision);

        foreach (TcpRelay relay in (TcpRelay[])[first, second])
        {
            relay.Clog();
            entry = await writing.UpdateAsync(entry, Bytes("new"), Hour, CancellationToken.None).TakeAsync();
            await follower.UntilRevisionAsync(entry.ModRevision);
            relay.Mend();
        }

        Assert.Contains(logger.Messages, message => message.Contains("does not answer", StringComparison.Ordinal));
        Assert.Equal(3, follower.Changes.Count());
    }

    [SkippableFact]
    public async Task Idle_StreamThatAnswersProbes_StaysOpen()
    {
        var logger = new ListLogger();
        await using EtcdLeaseStore watching = Open(_server, probeAfter: TimeSpan.FromSeconds(2), logger: logger);
        await using EtcdLeaseStore writing = Open(_server);
        long before = await ReceivedAsync();
        await using var follower = new Follower(watching, (await writing.ListAsync(null, CancellationToken.None)).Revision);

        // The request to create the watch, and some probes. An answer may take as long as the pause before one.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await ReceivedAsync() < before + 5)
            await Task.Delay(100, limit.Token);

        StoredEntry entry = await writing.CreateAsync();
        await follower.UntilRevisionAsync(entry.ModRevision);
        Assert.Empty(logger.Messages);
        Assert.Empty(follower.Errors);
    }

    [SkippableFact]
    public async Task ForeignKeys_BetweenConfigAndSubnets_AreNobodysChanges()
    {
        string[] foreign = ["config-old", "config/nested", "configuration", "ext/10.5.1.0-24", "subnets", "subnets-old/10.5.1.0-24", "subnets/"];
        await using EtcdLeaseStore store = Open(_server);
        await using var follower = new Follower(store, (await store.ListAsync(null, CancellationToken.None)).Revision);

        foreach (string key in foreign)
            await _server.RunAsync("put", $"{Prefix}/{key}", "foreign");
        await _server.RunAsync("put", Prefix + "/config", "ours");
        foreach (string key in foreign)
            await _server.RunAsync("del", $"{Prefix}/{key}");
        StoredEntry entry = await store.CreateAsync();
        await follower.UntilRevisionAsync(entry.ModRevision);

        Assert.Equal(Key, Assert.Single(follower.Changes).Key);
        Assert.Equal("ours", Text(Assert.Single(follower.Items.OfType<StoreChanges>(), item => item.Config is not null).Config!.Value));
        StoreSnapshot snapshot = await store.ListAsync(null, CancellationToken.None);
        Assert.Equal((Key, "ours"), (Assert.Single(snapshot.Entries).Key, Text(snapshot.Config!.Value)));
    }

    // Nobody else watches this server.
    private async Task<long> ReceivedAsync() => (long)await _server.Members[0].MetricAsync("grpc_server_msg_received_total");
}
