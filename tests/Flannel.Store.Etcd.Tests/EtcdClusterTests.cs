using Flannel.Core.Stores;
using Flannel.Store.Etcd.Tests.Lab;
using Flannel.Testing.Etcd;
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
        await using EtcdLeaseStore store = Open(server, options => (options.Endpoints, options.RequestTimeout) = ([relay.Endpoint, server.Endpoints[0]], TimeSpan.FromSeconds(1)));

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
        await using EtcdLeaseStore store = Open(first, options => options.Endpoints = [relay.Endpoint, relay.Endpoint, second.Endpoints[0]], logger: logger);

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
