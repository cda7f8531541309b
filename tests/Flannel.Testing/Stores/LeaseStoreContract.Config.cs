using System.Text;
using Flannel.Extensibility;
using Xunit;

namespace Flannel.Testing.Stores;

/// <content>The network configuration as part of what is listed and watched.</content>
public abstract partial class LeaseStoreContract
{
    private static string? Text(ReadOnlyMemory<byte>? config) => config is { } document ? Encoding.UTF8.GetString(document.Span) : null;

    [SkippableTheory]
    [InlineData("""{ "Network": "10.5.0.0/16", "Backend": {"Type": "vxlan"}}""")]
    [InlineData("this is no JSON")]
    public async Task List_WithAConfig_ShowsItBesideTheEntries(string document)
    {
        StoredEntry entry = await CreateAsync();
        await SetConfigAsync(document);

        StoreSnapshot snapshot = await ListAsync();

        Assert.Equal(document, Text(snapshot.Config));
        AssertSame(entry, Assert.Single(snapshot.Entries));
        Assert.True(snapshot.Revision > entry.ModRevision, "the configuration has a revision of its own");
    }

    [SkippableFact]
    public async Task List_WithoutAConfig_ShowsNone()
    {
        await SetConfigAsync("gone");
        await SetConfigAsync(null);
        await CreateAsync();

        Assert.Null((await ListAsync()).Config);
    }

    [SkippableFact]
    public async Task List_PastRevision_ShowsTheConfigAsItWas()
    {
        long none = (await ListAsync()).Revision;
        await SetConfigAsync("old");
        long old = (await ListAsync()).Revision;
        await SetConfigAsync("new");
        long changed = (await ListAsync()).Revision;
        await SetConfigAsync(null);

        Assert.Null((await ListAsync(none)).Config);
        Assert.Equal("old", Text((await ListAsync(old)).Config));
        Assert.Equal("new", Text((await ListAsync(changed)).Config));
        Assert.Null((await ListAsync()).Config);
        Assert.Empty((await ListAsync(old)).Entries);
    }

    [SkippableFact]
    public async Task Watch_ConfigPutsAmongChanges_ArriveInTheirOrder()
    {
        var puts = new Dictionary<long, string>();
        StoredEntry first = await CreateAsync("10.5.1.0-24");
        await using StoreWatch watch = StoreWatch.Open(Store, first.ModRevision);

        await PutConfigAsync("one");
        StoredEntry second = await CreateAsync("10.5.2.0-24");
        await PutConfigAsync("two");
        await PutConfigAsync("two");
        StoredEntry third = await UpdateAsync(second, "new");
        await PutConfigAsync("three");

        var changes = new List<StoreChange>();
        long seen = watch.Revision;
        while (watch.Revision < puts.Keys.Max())
        {
            var item = Assert.IsType<StoreChanges>(await watch.NextAsync());
            // An item holds the last put of the revisions it spans, however many it spans.
            IEnumerable<long> spanned = puts.Keys.Where(revision => revision > seen && revision <= item.Revision);
            Assert.Equal(spanned.Any() ? puts[spanned.Max()] : null, Text(item.Config));
            changes.AddRange(item.Changes);
            seen = item.Revision;
        }

        Assert.Equal([second.ModRevision, third.ModRevision], changes.Select(change => change.Entry!.ModRevision));
        Assert.False(watch.HasNext);

        async Task PutConfigAsync(string document)
        {
            await SetConfigAsync(document);
            puts.Add((await ListAsync()).Revision, document);
        }
    }

    [SkippableFact]
    public async Task Watch_ConfigAlonePut_IsTold()
    {
        await using StoreWatch watch = StoreWatch.Open(Store, (await ListAsync()).Revision);

        await SetConfigAsync("new");

        var item = Assert.IsType<StoreChanges>(await watch.NextAsync());
        Assert.Empty(item.Changes);
        Assert.Equal("new", Text(item.Config));
        Assert.Equal((await ListAsync()).Revision, item.Revision);
    }

    [SkippableFact]
    public async Task Watch_ConfigRemoved_IsTold()
    {
        await SetConfigAsync("gone");
        await using StoreWatch watch = StoreWatch.Open(Store, (await ListAsync()).Revision);

        await SetConfigAsync(null);

        var item = Assert.IsType<StoreChanges>(await watch.NextAsync());
        Assert.True(item.IsConfigDeleted);
        Assert.Empty(item.Changes);
        Assert.Null(item.Config);
        await SetConfigAsync("back");
        item = Assert.IsType<StoreChanges>(await watch.NextAsync());
        Assert.Equal((false, "back"), (item.IsConfigDeleted, Text(item.Config)));
    }

    [SkippableFact]
    public async Task Watch_ConfigPutWhileAway_ArrivesOnce()
    {
        StoredEntry known = await CreateAsync();
        await SetConfigAsync("missed");
        StoredEntry missed = await CreateAsync("10.5.2.0-24");

        await using StoreWatch watch = StoreWatch.Open(Store, known.ModRevision);

        var configs = new List<string?>();
        while (watch.Revision < missed.ModRevision)
        {
            if (Text(Assert.IsType<StoreChanges>(await watch.NextAsync()).Config) is { } config)
                configs.Add(config);
        }

        Assert.Equal(["missed"], configs);
        await using StoreWatch resumed = StoreWatch.Open(Store, watch.Revision);
        await UpdateAsync(missed, "new");
        Assert.Null(Assert.IsType<StoreChanges>(await resumed.NextAsync()).Config);
    }

    [SkippableFact]
    public async Task Watch_ConfigPutWhileAwayAndCompacted_IsInTheSnapshot()
    {
        StoredEntry known = await CreateAsync();
        await SetConfigAsync("missed");
        StoredEntry missed = await UpdateAsync(known, "missed");
        await CompactAsync((await CreateAsync("10.5.2.0-24")).ModRevision);

        await using StoreWatch watch = StoreWatch.Open(Store, known.ModRevision);

        var snapshot = Assert.IsType<StoreSnapshot>(await watch.NextAsync());
        Assert.Equal("missed", Text(snapshot.Config));
        AssertSame(missed, snapshot.Entries.Single(entry => entry.Key == Key));
        Assert.Equal(2, snapshot.Entries.Count);
    }
}
