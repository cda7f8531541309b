using Flannel.Extensibility;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Tests.Lab;
using static Flannel.Store.Etcd.Tests.Lab.LabStore;

namespace Flannel.Store.Etcd.Tests;

/// <summary>Three members, of which one at a time fails while leases change.</summary>
public sealed class EtcdClusterTests
{
    [SkippableFact]
    public async Task Member_KilledThenAnotherFrozen_NoEventIsLost()
    {
        await using EtcdServer server = await EtcdServer.StartAsync(new EtcdOptions { Members = 3 });
        await using EtcdLeaseStore writer = Open(server, options => options.RequestTimeout = TimeSpan.FromSeconds(2));
        EtcdLeaseStore[] watchers = [.. server.Members.Select(_ => Open(server))];
        Follower[] followers = [.. watchers.Select(store => new Follower(store, 0))];
        StoredEntry entry = await EventuallyAsync(() => writer.CreateAsync());

        entry = await ChangeAsync(writer, entry, 20);
        await server.Members[0].KillAsync();
        entry = await ChangeAsync(writer, entry, 20);
        await server.RestartAsync(server.Members[0]);
        await server.Members[1].FreezeAsync();
        entry = await ChangeAsync(writer, entry, 20);
        await server.Members[1].ThawAsync();
        entry = await ChangeAsync(writer, entry, 5);

        foreach (Follower follower in followers)
        {
            await follower.UntilRevisionAsync(entry.ModRevision);
            // Each revision once and in order: the store has this one writer, and each of its writes has one.
            long[] seen = [.. follower.Changes.Select(change => change.Entry!.ModRevision)];
            Assert.Equal(Enumerable.Range(0, seen.Length).Select(i => seen[0] + i), seen);
            Assert.Equal((entry.CreateRevision, entry.ModRevision), (seen[0], seen[^1]));
            await follower.DisposeAsync();
        }

        Assert.Equal(1, await server.CountLeasesAsync());
        foreach (EtcdLeaseStore store in watchers)
            await store.DisposeAsync();
    }

    [SkippableFact]
    public async Task Member_CloggedWhileCreating_AnotherOneTellsWhatBecameOfIt()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using var relay = new TcpRelay(server.Endpoints[0]);
        await using EtcdLeaseStore store = Open(
            server, options => (options.Endpoints, options.RequestTimeout) = ([relay.Endpoint, server.Endpoints[0]], TimeSpan.FromSeconds(2)));

        for (int round = 0; round < 20; round++)
        {
            Task<StoredEntry> create = store.CreateAsync($"10.5.{round}.0-24");
            if (round % 2 == 0)
                relay.Clog();
            else
                relay.Cut();
            await create;
            relay.Mend();
        }

        Assert.Equal(20, (await store.ListAsync(null, CancellationToken.None)).Entries.Count);
        Assert.Equal(20, await server.CountLeasesAsync());
    }

    [SkippableFact]
    public async Task Endpoints_OfTwoClusters_AreReported()
    {
        await using EtcdServer first = await EtcdServer.StartAsync();
        await using EtcdServer second = await EtcdServer.StartAsync();
        await using var relay = new TcpRelay(first.Endpoints[0]);
        var logger = new ListLogger();
        await using EtcdLeaseStore store = Open(
            first, options => options.Endpoints = [relay.Endpoint, relay.Endpoint, second.Endpoints[0]], logger: logger);

        // Whichever is asked first is the cluster; the other is passed over, whatever it holds.
        await store.CreateAsync();
        relay.Cut();
        await Record.ExceptionAsync(() => store.ListAsync(null, CancellationToken.None));
        relay.Mend();
        StoredEntry entry = await EventuallyAsync(async () => Assert.Single((await store.ListAsync(null, CancellationToken.None)).Entries));

        Assert.Equal(Key, entry.Key);
        bool isFirst = (await first.CountLeasesAsync()) == 1;
        Assert.Equal(isFirst ? 0 : 1, await second.CountLeasesAsync());
        Assert.True(!isFirst || logger.Messages.Any(message => message.Contains("all endpoints must be of one cluster", StringComparison.Ordinal)));
    }

    [SkippableFact]
    public async Task Members_AllAwayForAWhile_TheWatchGoesOnAndNothingIsLost()
    {
        await using EtcdServer server = await EtcdServer.StartAsync(new EtcdOptions { Members = 3 });
        await using EtcdLeaseStore writer = Open(server, options => options.RequestTimeout = TimeSpan.FromSeconds(2));
        await using EtcdLeaseStore watching = Open(server, options => options.RequestTimeout = TimeSpan.FromSeconds(2));
        StoredEntry first = await EventuallyAsync(() => writer.CreateAsync());
        await using var follower = new Follower(watching, first.ModRevision);
        StoredEntry entry = await ChangeAsync(writer, first, 5);
        await follower.UntilRevisionAsync(entry.ModRevision);

        await server.KillAllAsync();
        await Follower.UntilAsync(() => !follower.Errors.IsEmpty, "the watch to notice");
        await Assert.ThrowsAnyAsync<StoreException>(() => writer.UpdateAsync(entry, Bytes("lost"), Hour, CancellationToken.None));
        await server.RestartAllAsync();
        entry = await ChangeAsync(writer, entry, 5);
        await follower.UntilRevisionAsync(entry.ModRevision);

        Assert.All(follower.Errors, error => Assert.True(error.IsTransient, error.Message));
        Assert.Equal(
            Enumerable.Range(1, (int)(entry.ModRevision - first.ModRevision)).Select(i => first.ModRevision + i),
            follower.Changes.Select(change => change.Entry!.ModRevision));
    }

    [SkippableFact]
    public async Task Members_WithoutALeader_BreakTheWatchInsteadOfKeepingItSilent()
    {
        await using EtcdServer server = await EtcdServer.StartAsync(new EtcdOptions { Members = 3 });
        var logger = new ListLogger();
        EtcdMember left = server.Members[0];
        await using EtcdLeaseStore writer = Open(server, options => options.RequestTimeout = TimeSpan.FromSeconds(2));
        await using EtcdLeaseStore watching = Open(server, options => options.Endpoints = [left.Endpoint], logger: logger);
        StoredEntry entry = await EventuallyAsync(() => writer.CreateAsync());
        await using var follower = new Follower(watching, entry.ModRevision - 1);
        await follower.UntilRevisionAsync(entry.ModRevision);

        foreach (EtcdMember member in server.Members.Skip(1))
            await member.KillAsync();
        await Follower.UntilAsync(
            () => logger.Messages.Any(message => message.Contains("no leader", StringComparison.Ordinal)), "the member to say so");
        await server.RestartAllAsync();
        entry = await ChangeAsync(writer, entry, 1);
        await follower.UntilRevisionAsync(entry.ModRevision);

        Assert.Equal([entry.CreateRevision, entry.ModRevision], follower.Changes.Select(change => change.Entry!.ModRevision));
    }

    [SkippableFact]
    public async Task Member_ShutDownInOrder_CallsAndWatchGoOnElsewhere()
    {
        await using EtcdServer server = await EtcdServer.StartAsync(new EtcdOptions { Members = 3 });
        await using EtcdLeaseStore store = Open(server);
        StoredEntry entry = await EventuallyAsync(() => store.CreateAsync());
        EtcdLeaseStore[] watchers = [.. server.Members.Select(_ => Open(server))];
        Follower[] followers = [.. watchers.Select(watching => new Follower(watching, entry.ModRevision - 1))];
        foreach (Follower follower in followers)
            await follower.UntilRevisionAsync(entry.ModRevision);

        // A GOAWAY each; a leader that leaves hands over first.
        foreach (EtcdMember member in server.Members)
        {
            await member.TerminateAsync();
            entry = await ChangeAsync(store, entry, 3);
            await server.RestartAsync(member);
        }

        foreach (Follower follower in followers)
        {
            await follower.UntilRevisionAsync(entry.ModRevision);
            long[] seen = [.. follower.Changes.Select(change => change.Entry!.ModRevision)];
            Assert.Equal(Enumerable.Range(0, seen.Length).Select(i => entry.CreateRevision + i), seen);
            Assert.Equal(entry.ModRevision, seen[^1]);
            await follower.DisposeAsync();
        }

        foreach (EtcdLeaseStore watching in watchers)
            await watching.DisposeAsync();
    }

    [SkippableFact]
    public async Task Member_ThatIsALearner_IsPassedOver()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using EtcdMember learner = await server.AddLearnerAsync();
        var logger = new ListLogger();
        // Until it has caught up it refuses to be connected to.
        await Follower.UntilAsync(() => IsListening(learner), "the learner to listen");

        StoredEntry? entry = null;
        for (int store = 0; store < 20; store++)
        {
            await using EtcdLeaseStore opened = Open(server, options => options.Endpoints = [learner.Endpoint, server.Endpoints[0]], logger: logger);
            entry = entry is null
                ? await opened.CreateAsync()
                : await opened.UpdateAsync(entry, Bytes($"{store}"), Hour, CancellationToken.None).TakeAsync();
            await using var follower = new Follower(opened, entry.ModRevision - 1);
            await follower.UntilRevisionAsync(entry.ModRevision);
            Assert.Empty(follower.Errors);
        }

        // Half of the stores try it first, by chance.
        Assert.Contains(logger.Messages, message => message.Contains("not supported for learner", StringComparison.Ordinal));
        Assert.Equal(1, await server.CountLeasesAsync());
    }

    private static bool IsListening(EtcdMember member)
    {
        try
        {
            using var client = new System.Net.Sockets.TcpClient("127.0.0.1", new Uri(member.Endpoint).Port);
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }

    private static async Task<StoredEntry> ChangeAsync(EtcdLeaseStore store, StoredEntry entry, int count)
    {
        for (int i = 0; i < count; i++)
        {
            string document = $"{entry.ModRevision}";
            entry = await EventuallyAsync(async () =>
            {
                StoreWriteResult result = await store.UpdateAsync(entry, Bytes(document), Hour, CancellationToken.None);
                // An update whose answer got lost was carried out, as the entry that is there shows.
                Assert.True(result.Succeeded || Text(result.Entry) == document);
                return result.Entry!;
            });
        }

        return entry;
    }
}
