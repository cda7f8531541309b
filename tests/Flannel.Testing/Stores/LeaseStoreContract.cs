using System.Text;
using Flannel.Extensibility;
using Xunit;

namespace Flannel.Testing.Stores;

/// <summary>
/// What every <see cref="ILeaseStore"/> does, sentence by sentence of its documentation. A store's test project derives from this class; each test gets
/// an instance of its own with an empty store.
/// </summary>
public abstract partial class LeaseStoreContract
{
    private const string Key = "10.5.1.0-24";

    /// <summary>The store under test.</summary>
    protected abstract ILeaseStore Store { get; }

    /// <summary>A time to live that passes quickly enough for a test. Stores with a coarse clock choose a longer one.</summary>
    protected abstract TimeSpan TimeToLive { get; }

    /// <summary>Puts the network configuration in place as an operator does; <see langword="null"/> removes it.</summary>
    protected abstract Task SetConfigAsync(string? config);

    /// <summary>Writes a document as an operator does, whatever stands under the key.</summary>
    protected abstract Task PutAsync(string key, string document);

    /// <summary>Compacts the store's history up to a revision.</summary>
    protected abstract Task CompactAsync(long revision);

    /// <summary>Lets this much time pass on the store's clock.</summary>
    protected abstract Task PassTimeAsync(TimeSpan time);

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(StoredEntry? entry) => entry is null ? "(none)" : Encoding.UTF8.GetString(entry.Value.Span);

    private static void AssertSame(StoredEntry expected, StoredEntry? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(
            (expected.Key, Text(expected), expected.CreateRevision, expected.ModRevision, expected.HasTimeToLive),
            (actual.Key, Text(actual), actual.CreateRevision, actual.ModRevision, actual.HasTimeToLive));
    }

    private async Task<StoredEntry> CreateAsync(string key = Key, string value = "{}", TimeSpan? timeToLive = null)
    {
        StoreWriteResult result = await Store.CreateAsync(key, Bytes(value), timeToLive ?? TimeSpan.FromHours(1), CancellationToken.None);
        Assert.True(result.Succeeded);
        return result.Entry!;
    }

    private async Task<StoredEntry> ReserveAsync(string key = Key, string value = "{}")
    {
        StoreWriteResult result = await Store.CreateAsync(key, Bytes(value), null, CancellationToken.None);
        Assert.True(result.Succeeded);
        return result.Entry!;
    }

    private async Task<StoredEntry> UpdateAsync(StoredEntry entry, string value)
    {
        StoreWriteResult result = await Store.UpdateAsync(entry, Bytes(value), TimeSpan.FromHours(1), CancellationToken.None);
        Assert.True(result.Succeeded);
        return result.Entry!;
    }

    private async Task DeleteAsync(StoredEntry entry) => Assert.True((await Store.DeleteAsync(entry, CancellationToken.None)).Succeeded);

    private Task<StoreSnapshot> ListAsync(long? revision = null) => Store.ListAsync(revision, CancellationToken.None);

    private async Task<StoredEntry?> FindAsync(string key = Key) => (await ListAsync()).Entries.SingleOrDefault(entry => entry.Key == key);

    [SkippableFact]
    public void ConfigSource_Always_NamesThePlace() => Assert.NotEmpty(Store.ConfigSource);

    [SkippableFact]
    public async Task List_EmptyStore_ReturnsNothing() => Assert.Empty((await ListAsync()).Entries);

    [SkippableFact]
    public async Task List_Newest_ReturnsEveryEntryAsWritten()
    {
        StoredEntry first = await CreateAsync("10.5.1.0-24", "first");
        StoredEntry second = await ReserveAsync("10.5.2.0-24&fd00:0:0:2::-64", "second");
        StoredEntry gone = await CreateAsync("10.5.3.0-24", "third");
        await DeleteAsync(gone);

        StoreSnapshot snapshot = await ListAsync();

        Assert.Equal(2, snapshot.Entries.Count);
        AssertSame(first, snapshot.Entries.Single(entry => entry.Key == first.Key));
        AssertSame(second, snapshot.Entries.Single(entry => entry.Key == second.Key));
        Assert.True(snapshot.Revision > second.ModRevision, "the deletion has a revision of its own");
    }

    [SkippableFact]
    public async Task List_PastRevision_ShowsTheStoreAsItWas()
    {
        StoredEntry kept = await CreateAsync("10.5.1.0-24", "old");
        StoredEntry deleted = await ReserveAsync("10.5.2.0-24", "deleted later");
        long then = (await ListAsync()).Revision;
        await UpdateAsync(kept, "new");
        await DeleteAsync(deleted);
        await CreateAsync("10.5.3.0-24", "created later");

        StoreSnapshot past = await ListAsync(then);

        Assert.Equal(then, past.Revision);
        Assert.Equal(2, past.Entries.Count);
        AssertSame(kept, past.Entries.Single(entry => entry.Key == kept.Key));
        AssertSame(deleted, past.Entries.Single(entry => entry.Key == deleted.Key));
    }

    [SkippableFact]
    public async Task List_CompactedRevision_ThrowsLastingError()
    {
        StoredEntry first = await CreateAsync();
        StoredEntry second = await UpdateAsync(first, "second");
        await CompactAsync(second.ModRevision);

        StoreException error = await Assert.ThrowsAnyAsync<StoreException>(() => ListAsync(first.ModRevision));

        Assert.False(error.IsTransient);
        AssertSame(second, Assert.Single((await ListAsync(second.ModRevision)).Entries));
    }

    [SkippableFact]
    public async Task List_ByAnOperatorWrittenEntry_IsListedVerbatim()
    {
        await PutAsync("not-a-subnet", "{ corrupt");

        StoredEntry entry = Assert.Single((await ListAsync()).Entries);

        Assert.Equal(("not-a-subnet", "{ corrupt", false), (entry.Key, Text(entry), entry.HasTimeToLive));
    }

    [SkippableFact]
    public async Task Calls_CancelledToken_Throw()
    {
        StoredEntry entry = await CreateAsync();
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.ListAsync(null, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.CreateAsync("10.5.9.0-24", Bytes("{}"), null, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.UpdateAsync(entry, Bytes("[]"), TimeToLive, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.RenewAsync(entry, TimeToLive, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.DeleteAsync(entry, cancelled));
        AssertSame(entry, Assert.Single((await ListAsync()).Entries));
    }
}
