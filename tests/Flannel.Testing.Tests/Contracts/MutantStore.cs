using Flannel.Extensibility;

namespace Flannel.Testing.Tests.Contracts;

/// <summary>A store in which single calls can be replaced by wrong ones. The others are those of a store that keeps every rule.</summary>
internal sealed class MutantStore : ILeaseStore
{
    public MutantStore(FakeTimeProvider time)
    {
        Right = new InMemoryLeaseStore((string?)null, time);
        (Source, Reset) = (Right.ConfigSource, static () => { });
        (List, Create, Update, Renew, Delete, Watch) =
            (Right.ListAsync, Right.CreateAsync, Right.UpdateAsync, Right.RenewAsync, Right.DeleteAsync, Right.WatchAsync);
        Claim = Right.ClaimAsync;
        (WriteConfig, SetTimeToLive, ReadTimesLeft) = (Right.WriteConfigAsync, Right.SetTimeToLiveAsync, Right.ReadTimesLeftAsync);
    }

    public delegate Task<StoreWriteResult> CreateCall(
        string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive, CancellationToken cancellationToken);

    public delegate Task<StoreWriteResult> UpdateCall(
        StoredEntry expected, ReadOnlyMemory<byte> value, TimeSpan timeToLive, CancellationToken cancellationToken);

    /// <summary>The store that keeps the rules.</summary>
    public InMemoryLeaseStore Right { get; }

    /// <summary>Whether its past was forgotten.</summary>
    public bool IsCompacted { get; set; }

    public string Source { get; set; }

    public Func<long?, CancellationToken, Task<StoreSnapshot>> List { get; set; }

    public CreateCall Create { get; set; }

    public UpdateCall Update { get; set; }

    public Func<StoredEntry, TimeSpan, CancellationToken, Task<StoreWriteResult>> Renew { get; set; }

    public Func<StoredEntry, TimeSpan, CancellationToken, Task<StoreWriteResult>> Claim { get; set; }

    public Func<StoredEntry, CancellationToken, Task<StoreWriteResult>> Delete { get; set; }

    public Func<long, CancellationToken, IAsyncEnumerable<StoreEvent>> Watch { get; set; }

    public Func<ReadOnlyMemory<byte>?, long?, CancellationToken, Task<StoreConfigResult>> WriteConfig { get; set; }

    public Func<StoredEntry, TimeSpan?, CancellationToken, Task<StoreWriteResult>> SetTimeToLive { get; set; }

    public Func<IReadOnlyCollection<string>, CancellationToken, Task<IReadOnlyDictionary<string, TimeSpan>>> ReadTimesLeft { get; set; }

    public Action Reset { get; set; }

    public string ConfigSource => Source;

    public Task<StoreSnapshot> ListAsync(long? revision, CancellationToken cancellationToken) => List(revision, cancellationToken);

    public Task<StoreWriteResult> CreateAsync(string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
        Create(key, value, timeToLive, cancellationToken);

    public Task<StoreWriteResult> UpdateAsync(
        StoredEntry expected, ReadOnlyMemory<byte> value, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        Update(expected, value, timeToLive, cancellationToken);

    public Task<StoreWriteResult> RenewAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        Renew(expected, timeToLive, cancellationToken);

    public Task<StoreWriteResult> ClaimAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        Claim(expected, timeToLive, cancellationToken);

    public Task<StoreWriteResult> DeleteAsync(StoredEntry expected, CancellationToken cancellationToken) => Delete(expected, cancellationToken);

    public Task<StoreConfigResult> WriteConfigAsync(ReadOnlyMemory<byte>? document, long? expectedRevision, CancellationToken cancellationToken) =>
        WriteConfig(document, expectedRevision, cancellationToken);

    public Task<StoreWriteResult> SetTimeToLiveAsync(StoredEntry expected, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
        SetTimeToLive(expected, timeToLive, cancellationToken);

    public Task<IReadOnlyDictionary<string, TimeSpan>> ReadTimesLeftAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken) =>
        ReadTimesLeft(keys, cancellationToken);

    public IAsyncEnumerable<StoreEvent> WatchAsync(long afterRevision, CancellationToken cancellationToken) =>
        Watch(afterRevision, cancellationToken);

    public void ResetConnections() => Reset();

    /// <summary>What stands under a key.</summary>
    public async Task<StoredEntry?> FindAsync(string key) =>
        (await Right.ListAsync(null, CancellationToken.None)).Entries.SingleOrDefault(entry => entry.Key == key);

    /// <summary>Writes whatever stands under the key.</summary>
    public StoreWriteResult Force(string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive) => new(true, Right.Put(key, value, timeToLive));

    /// <summary>Changes what listings show.</summary>
    public void ChangeLists(Func<StoreSnapshot, StoreSnapshot> change) =>
        List = async (revision, token) => change(await Right.ListAsync(revision, token));

    /// <summary>Changes what watches deliver; an item that becomes null is left out.</summary>
    public void ChangeWatches(Func<StoreEvent, StoreEvent?> change) => Watch = (after, token) =>
        Right.WatchAsync(after, token).Select(change).Where(static item => item is not null).Select(static item => item!);

    /// <summary>Changes the single changes that watches deliver; one that becomes null is left out.</summary>
    public void ChangeChanges(Func<StoreChange, StoreChange?> change) => ChangeWatches(item => item is not StoreChanges changes
        ? item
        : new StoreChanges([.. changes.Changes.Select(change).OfType<StoreChange>()], changes.Revision)
        {
            Config = changes.Config,
            IsConfigDeleted = changes.IsConfigDeleted,
        });
}
