using Flannel.Extensibility;

namespace Flannel.Core.Tests.Networks;

/// <summary>A store that counts how often it was disposed of.</summary>
internal sealed class DisposableStore : ILeaseStore, IDisposable
{
    private readonly InMemoryLeaseStore _inner = new(NetworksFixture.NewConfig());

    public int Disposals { get; private set; }

    public string ConfigSource => _inner.ConfigSource;

    public Task<StoreSnapshot> ListAsync(long? revision, CancellationToken cancellationToken) => _inner.ListAsync(revision, cancellationToken);

    public Task<StoreWriteResult> CreateAsync(string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
        _inner.CreateAsync(key, value, timeToLive, cancellationToken);

    public Task<StoreWriteResult> UpdateAsync(
        StoredEntry expected, ReadOnlyMemory<byte> value, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        _inner.UpdateAsync(expected, value, timeToLive, cancellationToken);

    public Task<StoreWriteResult> RenewAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        _inner.RenewAsync(expected, timeToLive, cancellationToken);

    public Task<StoreWriteResult> DeleteAsync(StoredEntry expected, CancellationToken cancellationToken) =>
        _inner.DeleteAsync(expected, cancellationToken);

    public IAsyncEnumerable<StoreEvent> WatchAsync(long afterRevision, CancellationToken cancellationToken) =>
        _inner.WatchAsync(afterRevision, cancellationToken);

    public void Dispose() => Disposals++;
}
