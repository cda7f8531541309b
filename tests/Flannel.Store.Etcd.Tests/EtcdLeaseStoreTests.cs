using Etcdserverpb;
using Flannel.Extensibility;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Client;
using Flannel.Store.Etcd.Diagnostics;
using Flannel.Store.Etcd.Tests.Lab;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using static Flannel.Store.Etcd.Tests.Lab.LabStore;

namespace Flannel.Store.Etcd.Tests;

public sealed class EtcdLeaseStoreTests(EtcdFixture fixture) : IClassFixture<EtcdFixture>, IAsyncLifetime
{
    private EtcdServer _server = null!;
    private EtcdLeaseStore _store = null!;

    public async Task InitializeAsync()
    {
        _server = await fixture.GetAsync();
        _store = Open(_server);
    }

    public async Task DisposeAsync()
    {
        if (_server is null)
            return;
        foreach (string line in (await _server.RunAsync("lease", "list")).Split('\n').Skip(1))
            await _server.RunAsync("lease", "revoke", line);
        await _server.RunAsync("del", "--prefix", "/");
        await _store.DisposeAsync();
    }

    [SkippableFact]
    public async Task Leases_AfterRestartsRenewalsAndRaces_AreAsManyAsLeasedKeys()
    {
        for (int node = 1; node <= 4; node++)
            await _store.CreateAsync($"10.5.{node}.0-24");
        await _store.CreateAsync("10.5.9.0-24", Bytes("{}"), null, CancellationToken.None).TakeAsync();

        for (int restart = 0; restart < 3; restart++)
        {
            await using EtcdLeaseStore store = Open(_server, options => options.Renewal = restart % 2 == 0 ? EtcdRenewal.KeepAlive : EtcdRenewal.Put);
            foreach (StoredEntry entry in (await store.ListAsync(null, CancellationToken.None)).Entries)
            {
                StoredEntry renewed = await store.RenewAsync(entry, Hour, CancellationToken.None).TakeAsync();
                StoredEntry updated = await store.UpdateAsync(renewed, Bytes($"{restart}"), Hour, CancellationToken.None).TakeAsync();
                await store.RenewAsync(updated, Hour, CancellationToken.None).TakeAsync();
                Assert.False((await store.CreateAsync(entry.Key, Bytes("late"), Hour, CancellationToken.None)).Succeeded);
                Assert.False((await store.UpdateAsync(entry, Bytes("late"), Hour, CancellationToken.None)).Succeeded);
            }
        }

        Assert.Equal(4, await _server.CountLeasesAsync());
        Assert.False((await FindAsync("10.5.9.0-24"))!.HasTimeToLive);
        foreach (StoredEntry entry in (await _store.ListAsync(null, CancellationToken.None)).Entries)
            Assert.True((await _store.DeleteAsync(entry, CancellationToken.None)).Succeeded);
        Assert.Equal(0, await _server.CountLeasesAsync());
    }

    [SkippableFact]
    public async Task Create_GivenUpAfterTheGrant_LeavesNoLease()
    {
        await using var relay = new TcpRelay(_server.Endpoints[0]);
        await using (
            EtcdLeaseStore store =
                Open(_server, options => (options.Endpoints, options.RequestTimeout) = ([relay.Endpoint], TimeSpan.FromSeconds(1))))
        {
            await store.ListAsync(null, CancellationToken.None);
            relay.Clog();
            await Assert.ThrowsAnyAsync<StoreException>(() => store.CreateAsync(Key, Bytes("{}"), Hour, CancellationToken.None));
            relay.Mend();
            await EventuallyAsync(() => store.CreateAsync("10.5.2.0-24"));
        }

        int keys = (await _store.ListAsync(null, CancellationToken.None)).Entries.Count;
        Assert.Equal(keys, await _server.CountLeasesAsync());
    }

    [SkippableFact]
    public async Task Renew_KeepAlive_ChangesNothingThatPeersSee()
    {
        StoredEntry entry = await _store.CreateAsync();

        StoredEntry renewed = await _store.RenewAsync(entry, Hour, CancellationToken.None).TakeAsync();

        Assert.Equal(entry.ModRevision, renewed.ModRevision);
        Assert.Equal(entry.ModRevision, (await _store.ListAsync(null, CancellationToken.None)).Revision);
    }

    [SkippableFact]
    public async Task Renew_Put_WritesTheDocumentAgainOnTheSameLease()
    {
        await using EtcdLeaseStore store = Open(_server, options => options.Renewal = EtcdRenewal.Put);
        StoredEntry entry = await store.CreateAsync(value: "document");

        StoredEntry renewed = await store.RenewAsync(entry, Hour, CancellationToken.None).TakeAsync();

        Assert.Equal((entry.ModRevision + 1, "document", true), (renewed.ModRevision, Text(renewed), renewed.HasTimeToLive));
        Assert.Equal(renewed.ModRevision, (await FindAsync())!.ModRevision);
        Assert.Equal(1, await _server.CountLeasesAsync());
    }

    [SkippableFact]
    public async Task Renew_AnotherTimeToLive_ExchangesTheLease()
    {
        StoredEntry entry = await _store.CreateAsync(value: "document");

        StoredEntry renewed = await _store.RenewAsync(entry, TimeSpan.FromHours(2), CancellationToken.None).TakeAsync();

        Assert.Equal(("document", true), (Text(await FindAsync()), renewed.HasTimeToLive));
        Assert.Equal(renewed.ModRevision, (await FindAsync())!.ModRevision);
        Assert.Equal(1, await _server.CountLeasesAsync());
        Assert.Contains("granted with TTL(7200s)", await _server.RunAsync("lease", "timetolive", await OnlyLeaseAsync()), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Renew_ShorterThanEtcdGrants_ChangesNothing()
    {
        StoredEntry entry = await _store.CreateAsync(timeToLive: TimeSpan.FromMilliseconds(100));

        StoreWriteResult renewed = await _store.RenewAsync(entry, TimeSpan.FromMilliseconds(100), CancellationToken.None);

        // On a machine that stands still for two seconds the key may be gone; it is never another one.
        Assert.True(renewed.Entry is null || renewed.Entry.ModRevision == entry.ModRevision);
        Assert.True(await _server.CountLeasesAsync() <= 1);
    }

    [SkippableFact]
    public async Task Renew_LeaseRevoked_IsLost()
    {
        StoredEntry entry = await _store.CreateAsync();
        await _server.RunAsync("lease", "revoke", await OnlyLeaseAsync());

        Assert.Equal(new StoreWriteResult(false, null), await _store.RenewAsync(entry, Hour, CancellationToken.None));
    }

    [SkippableFact]
    public async Task Delete_LeaseWithAnOperatorsKeys_LeavesThoseAlone()
    {
        StoredEntry entry = await _store.CreateAsync();
        await _server.RunAsync("put", $"--lease={await OnlyLeaseAsync()}", "/mine", "value");

        await _store.DeleteAsync(entry, CancellationToken.None);

        Assert.Equal("/mine\nvalue", await _server.RunAsync("get", "/mine"));
    }

    [SkippableFact]
    public async Task List_StrayKeysAndSiblings_ShowsWhatIsBelowTheDirectory()
    {
        await _server.RunAsync("put", $"{Prefix}/subnets", "beside");
        await _server.RunAsync("put", $"{Prefix}/subnets/", "itself");
        await _server.RunAsync("put", $"{Prefix}/subnets-old/10.5.1.0-24", "sibling");
        await _server.RunAsync("put", $"{Prefix}/subnets/foo", "stray");

        StoredEntry entry = Assert.Single((await _store.ListAsync(null, CancellationToken.None)).Entries);

        Assert.Equal(("foo", "stray"), (entry.Key, Text(entry)));
    }

    [SkippableTheory]
    [InlineData("/coreos.com/network/")]
    [InlineData("//coreos.com//network")]
    public async Task Prefix_WithNeedlessSlashes_IsCleaned(string prefix)
    {
        await using EtcdLeaseStore store = Open(_server, options => options.Prefix = prefix);

        await store.CreateAsync();

        Assert.Equal("etcd key /coreos.com/network/config", store.ConfigSource);
        Assert.NotNull(await FindAsync());
    }

    [SkippableFact]
    public async Task Value_OfAMegabyte_IsStoredAndWatched()
    {
        string document = new('x', 1 << 20);
        await using var follower = new Follower(_store, (await _store.ListAsync(null, CancellationToken.None)).Revision);

        StoredEntry entry = await _store.CreateAsync(value: document);

        await follower.UntilRevisionAsync(entry.ModRevision);
        Assert.Equal(document, Text(Assert.Single(follower.Changes).Entry));
        Assert.Equal(document, Text(await FindAsync()));
    }

    [SkippableFact]
    public async Task Value_LargerThanEtcdTakes_IsRefusedForGood()
    {
        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => _store.CreateAsync(value: new string('x', 2 << 20)));

        Assert.False(error.IsTransient);
        Assert.Contains(Key, error.Message, StringComparison.Ordinal);
        Assert.Contains("larger than", error.Message, StringComparison.Ordinal);
        await _store.CreateAsync("10.5.2.0-24");
        Assert.Equal(1, await _server.CountLeasesAsync());
    }

    [SkippableFact]
    public async Task List_TwentyThousandSubnets_ShowsThemAllAtOneRevision()
    {
        const int Count = 20_000, PerTxn = 100;
        await using var client = new EtcdClient(
            new EtcdStoreOptions { Endpoints = _server.Endpoints },
            TimeProvider.System,
            new Random(),
            NullLogger.Instance,
            new EtcdMetrics(null, ""));
        for (int first = 0; first < Count; first += PerTxn)
        {
            var txn = new TxnRequest();
            for (int number = first; number < first + PerTxn; number++)
            {
                var put = new PutRequest
                {
                    Key = ByteString.CopyFromUtf8($"{Prefix}/subnets/{Name(number)}"),
                    Value = ByteString.CopyFromUtf8($"{number}"),
                };
                txn.Success.Add(new RequestOp { RequestPut = put });
            }

            await client.CallAsync(EtcdMethods.Txn, txn, "fill", CancellationToken.None);
        }

        await _server.RunAsync("put", Prefix + "/config", "before them all");
        await _server.RunAsync("put", Prefix + "/ext/10.5.1.0-24", "in between");

        StoreSnapshot list = await _store.ListAsync(null, CancellationToken.None);
        await _server.RunAsync("del", "--prefix", Prefix);
        StoreSnapshot past = await _store.ListAsync(list.Revision, CancellationToken.None);

        Assert.Equal(Enumerable.Range(0, Count).ToDictionary(Name, number => $"{number}"), list.Entries.ToDictionary(entry => entry.Key, Text));
        Assert.Equal((Count, list.Revision), (past.Entries.Count, past.Revision));
        Assert.Equal(("before them all", "before them all"), (Text(list.Config!.Value), Text(past.Config!.Value)));
        Assert.Empty((await _store.ListAsync(null, CancellationToken.None)).Entries);

        static string Name(int number) => $"10.{number >> 8}.{number & 255}.0-24";
    }

    [SkippableFact]
    public async Task List_AnswerAboveFourMebibytes_IsTaken()
    {
        string large = new('x', 1_000_000);
        for (int number = 0; number < 6; number++)
            await _store.CreateAsync($"10.7.{number}.0-24", large);

        StoreSnapshot list = await _store.ListAsync(null, CancellationToken.None);

        Assert.Equal(6, list.Entries.Count(entry => entry.Value.Length == large.Length));
    }

    [SkippableFact]
    public async Task Server_IsBack_FirstCallSucceeds()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using EtcdLeaseStore store = Open(server);
        await store.ListAsync(null, CancellationToken.None);
        await server.Members[0].KillAsync();
        // Every failure must not lengthen a pause before the next attempt to connect.
        for (int attempt = 0; attempt < 5; attempt++)
            await Assert.ThrowsAnyAsync<StoreException>(() => store.ListAsync(null, CancellationToken.None));

        await server.RestartAsync(server.Members[0]);

        await store.ListAsync(null, CancellationToken.None);
    }

    private async Task<StoredEntry?> FindAsync(string key = Key) =>
        (await _store.ListAsync(null, CancellationToken.None)).Entries.SingleOrDefault(entry => entry.Key == key);

    private async Task<string> OnlyLeaseAsync() => Assert.Single((await _server.RunAsync("lease", "list")).Split('\n').Skip(1));
}
