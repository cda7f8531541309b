using Flannel.Extensibility;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Diagnostics;
using Flannel.Store.Etcd.Tests.Lab;
using Flannel.Store.Etcd.Transport;
using static Flannel.Store.Etcd.Tests.Lab.LabStore;

namespace Flannel.Store.Etcd.Tests;

/// <summary>Documents of any length, by mistake or on purpose, stop no node from seeing the others.</summary>
public sealed class EtcdLargeContentTests(EtcdFixture fixture) : IClassFixture<EtcdFixture>, IAsyncLifetime
{
    private const int MaxMessage = 64 << 10;

    private readonly ListLogger _logger = new();
    private EtcdServer _server = null!;

    public async Task InitializeAsync() => _server = await fixture.GetAsync();

    public async Task DisposeAsync()
    {
        if (_server is not null)
            await _server.RunAsync("del", "--prefix", Prefix);
    }

    [SkippableFact]
    public async Task List_MoreThanOneMessageHolds_IsWhole()
    {
        const int Count = 65;
        await using EtcdLeaseStore store = Open(_server, options => options.RequestTimeout = TimeSpan.FromSeconds(30), logger: _logger);
        string large = new('x', 1 << 20);
        for (int number = 0; number < Count; number++)
            Assert.True((await store.CreateAsync($"10.5.{number}.0-24", Bytes(large), timeToLive: null, CancellationToken.None)).Succeeded);

        StoreSnapshot list = await store.ListAsync(null, CancellationToken.None);

        Assert.Equal(Count, list.Entries.Count(entry => entry.Value.Length == large.Length && entry.Unreadable is null));
        Assert.Contains(_logger.Messages, message => message.Contains("asking for less at once", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task List_PagesOfEveryLength_IsWholeAndOfOneRevision()
    {
        await using EtcdLeaseStore store = OpenSmall();
        var random = new Random(3);
        var expected = new Dictionary<string, string>();
        for (int number = 0; number < 120; number++)
        {
            string value = new((char)('a' + (number % 26)), random.Next(number % 10 == 0 ? 60_000 : 3_000));
            expected[$"10.5.{number}.0-24"] = value;
            await store.CreateAsync($"10.5.{number}.0-24", Bytes(value), timeToLive: null, CancellationToken.None);
        }

        await _server.RunAsync("put", Prefix + "/config", "first of all");
        StoreSnapshot list = await store.ListAsync(null, CancellationToken.None);

        Assert.Equal(expected, list.Entries.ToDictionary(entry => entry.Key, Text));
        Assert.Equal("first of all", Text(list.Config!.Value));
    }

    [SkippableTheory]
    [InlineData("10.5.1.0-24")]
    [InlineData("10.5.3.0-24")]
    [InlineData("10.5.5.0-24")]
    [InlineData("10.5.1.0-24 10.5.2.0-24 10.5.5.0-24")]
    public async Task List_DocumentThatFitsNoMessage_IsUnreadableAndTheOthersAreNot(string keys)
    {
        string[] large = keys.Split(' ');
        await using EtcdLeaseStore writing = Open(_server);
        await using EtcdLeaseStore store = OpenSmall();
        var written = new Dictionary<string, StoredEntry>();
        foreach (string key in (string[])["10.5.1.0-24", "10.5.2.0-24", "10.5.3.0-24", "10.5.4.0-24", "10.5.5.0-24"])
            written[key] = await writing.CreateAsync(key, large.Contains(key) ? new string('x', 2 * MaxMessage) : key);

        StoreSnapshot list = await store.ListAsync(null, CancellationToken.None);

        Assert.Equal(written.Keys, list.Entries.Select(entry => entry.Key));
        foreach (StoredEntry entry in list.Entries)
        {
            StoredEntry original = written[entry.Key];
            Assert.Equal((original.CreateRevision, original.ModRevision, true), (entry.CreateRevision, entry.ModRevision, entry.HasTimeToLive));
            Assert.Equal(large.Contains(entry.Key) ? "" : entry.Key, Text(entry));
            Assert.Equal(large.Contains(entry.Key), entry.Unreadable is not null);
        }
    }

    [SkippableFact]
    public async Task List_ConfigurationFitsNoMessage_IsAnErrorThatNamesIt()
    {
        await _server.RunAsync("put", Prefix + "/config", new string('x', 2 * MaxMessage - 4096));
        await using EtcdLeaseStore store = OpenSmall();

        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => store.ListAsync(null, CancellationToken.None));

        Assert.Equal(StoreErrorKind.TooLarge, error.Kind);
        Assert.Contains($"{Prefix}/config is longer than the store transfers", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Watch_ChangeThatFitsNoMessage_IsListedAndTheWatchGoesOn()
    {
        await using EtcdLeaseStore writing = Open(_server);
        await using EtcdLeaseStore store = OpenSmall();
        await using var follower = new Follower(store, (await writing.CreateAsync("10.5.1.0-24")).ModRevision);
        await follower.UntilRevisionAsync((await writing.CreateAsync("10.5.2.0-24")).ModRevision);

        StoredEntry large = await writing.CreateAsync("10.5.3.0-24", new string('x', 2 * MaxMessage));
        await follower.UntilRevisionAsync(large.ModRevision);
        StoredEntry next = await writing.CreateAsync("10.5.4.0-24");
        await follower.UntilRevisionAsync(next.ModRevision);

        StoreSnapshot snapshot = Assert.Single(follower.Items.OfType<StoreSnapshot>());
        Assert.NotNull(snapshot.Entries.Single(entry => entry.Key == "10.5.3.0-24").Unreadable);
        Assert.Equal("10.5.4.0-24", follower.Changes.Last().Key);
        Assert.Empty(follower.Errors);
        Assert.Single(_logger.Messages, message => message.Contains("too long to be read", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task List_LongDocumentsTogetherBeyondTheLimit_AreToldByTheirLength()
    {
        await using EtcdLeaseStore writing = Open(_server);
        await using var store = new EtcdLeaseStore(
            new EtcdStoreOptions { Prefix = Prefix, Endpoints = _server.Endpoints }, TimeProvider.System, new Random(), _logger,
            new EtcdMetrics(null, ""))
        {
            MaxListLength = 100 << 10,
        };
        string large = new('x', 70 << 10);
        for (int number = 1; number <= 5; number++)
            await writing.CreateAsync($"10.5.{number}.0-24", number % 2 == 0 ? "{}" : large);

        StoreSnapshot list = await store.ListAsync(null, CancellationToken.None);

        Assert.Equal([large.Length, 2, 0, 2, 0], list.Entries.Select(entry => entry.Value.Length));
        Assert.Equal([false, false, true, false, true], list.Entries.Select(entry => entry.Unreadable is not null));
        Assert.All(list.Entries, entry => Assert.True(entry.CreateRevision > 0 && entry.HasTimeToLive));
    }

    private EtcdLeaseStore OpenSmall() => new(
        new EtcdStoreOptions { Prefix = Prefix, Endpoints = _server.Endpoints },
        TimeProvider.System,
        new Random(),
        _logger,
        new EtcdMetrics(null, ""),
        new GrpcTransportOptions { MaxMessageLength = MaxMessage });
}
