using Flannel.Extensibility;
using Flannel.Testing;

namespace Flannel.Lab.Stores;

/// <summary>
/// A lease store that can be stuck: then every call, every watch, every reset and every attempt to close a watch hangs and pays no attention to
/// cancellation, by waiting or, as a lost lock does, by blocking its thread. Watches that are open when it is stuck fall silent.
/// </summary>
/// <param name="inner">What it is while it works.</param>
/// <param name="blocks">Whether being stuck blocks threads.</param>
public sealed class StuckLeaseStore(ILeaseStore inner, bool blocks = false) : ILeaseStore, IDisposable
{
    // Threads of the pool that are blocked here are missed by the tests beside.
    private const int SpareThreads = 32;

    private readonly TaskCompletionSource _never = new();
    private readonly TaskCompletionSource _watched = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _neverSet = new();
    private TaskCompletionSource _stuck = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isStuck;
    private int _watches;
    private int _resets;

    /// <summary>Whether the store is stuck now. What got stuck stays stuck.</summary>
    public bool IsStuck
    {
        get => _isStuck;
        set
        {
            _isStuck = value;
            if (value && blocks)
            {
                ThreadPool.GetMinThreads(out int workers, out int completions);
                ThreadPool.SetMinThreads(Math.Max(workers, SpareThreads), completions);
            }

            if (value) _stuck.TrySetResult();
            else _stuck = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Which operations get stuck; all of them by default.</summary>
    public Func<StoreOperation, bool> Affects { get; set; } = static _ => true;

    public TimeSpan? MaxSilence { get; set; }

    public string ConfigSource => inner.ConfigSource;

    /// <summary>Completes when a watch is being read, so that it falls silent if the store is stuck from then on.</summary>
    public Task Watched => _watched.Task;

    /// <summary>How many watches were opened.</summary>
    public int Watches => Volatile.Read(ref _watches);

    /// <summary>How often connections were retired.</summary>
    public int Resets => Volatile.Read(ref _resets);

    public Task<StoreSnapshot> ListAsync(long? revision, CancellationToken cancellationToken) =>
        Do(StoreOperation.List, () => inner.ListAsync(revision, cancellationToken));

    public Task<StoreWriteResult> CreateAsync(string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
        Do(StoreOperation.Create, () => inner.CreateAsync(key, value, timeToLive, cancellationToken));

    public Task<StoreWriteResult> UpdateAsync(
        StoredEntry expected, ReadOnlyMemory<byte> value, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        Do(StoreOperation.Update, () => inner.UpdateAsync(expected, value, timeToLive, cancellationToken));

    public Task<StoreWriteResult> RenewAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        Do(StoreOperation.Renew, () => inner.RenewAsync(expected, timeToLive, cancellationToken));

    public Task<StoreWriteResult> DeleteAsync(StoredEntry expected, CancellationToken cancellationToken) =>
        Do(StoreOperation.Delete, () => inner.DeleteAsync(expected, cancellationToken));

    public Task<StoreConfigResult> WriteConfigAsync(ReadOnlyMemory<byte>? document, long? expectedRevision, CancellationToken cancellationToken) =>
        Do(StoreOperation.WriteConfig, () => inner.WriteConfigAsync(document, expectedRevision, cancellationToken));

    public Task<StoreWriteResult> SetTimeToLiveAsync(StoredEntry expected, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
        Do(StoreOperation.SetTimeToLive, () => inner.SetTimeToLiveAsync(expected, timeToLive, cancellationToken));

    public Task<IReadOnlyDictionary<string, TimeSpan>> ReadTimesLeftAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken) =>
        Do(StoreOperation.ReadTimesLeft, () => inner.ReadTimesLeftAsync(keys, cancellationToken));

    public IAsyncEnumerable<StoreEvent> WatchAsync(long afterRevision, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _watches);
        return new Watch(this, inner.WatchAsync(afterRevision, cancellationToken));
    }

    public void ResetConnections()
    {
        Interlocked.Increment(ref _resets);
        if (_isStuck && blocks) _neverSet.Wait(CancellationToken.None);
        inner.ResetConnections();
    }

    /// <summary>Lets threads go that are blocked.</summary>
    public void Dispose() => _neverSet.Set();

    private bool Gets(StoreOperation operation) => _isStuck && Affects(operation);

    private async Task<T> Do<T>(StoreOperation operation, Func<Task<T>> call)
    {
        if (Gets(operation)) await HangAsync();
        return await call();
    }

    private Task HangAsync()
    {
        if (blocks) _neverSet.Wait(CancellationToken.None);
        return _never.Task;
    }

    private sealed class Watch(StuckLeaseStore store, IAsyncEnumerable<StoreEvent> items) : IAsyncEnumerable<StoreEvent>, IAsyncEnumerator<StoreEvent>
    {
        private readonly IAsyncEnumerator<StoreEvent> _items = items.GetAsyncEnumerator(CancellationToken.None);

        public StoreEvent Current => _items.Current;

        public IAsyncEnumerator<StoreEvent> GetAsyncEnumerator(CancellationToken cancellationToken) => this;

        public async ValueTask<bool> MoveNextAsync()
        {
            Task<bool> next = _items.MoveNextAsync().AsTask();
            Task stuck = store.Affects(StoreOperation.Watch) ? store._stuck.Task : store._never.Task;
            store._watched.TrySetResult();
            await Task.WhenAny(next, stuck);
            if (stuck.IsCompleted) await store.HangAsync();
            return await next;
        }

        public async ValueTask DisposeAsync()
        {
            if (store.Gets(StoreOperation.Watch)) await store.HangAsync();
            await _items.DisposeAsync();
        }
    }
}
