using System.Runtime.CompilerServices;
using Flannel.Extensibility;

namespace Flannel.Testing;

/// <summary>
/// A lease store whose calls go wrong on demand: before the inner store has seen them, or after it has carried them out (the answer is lost). Faults
/// are queued per operation and used up by one call each; a store that is <see cref="Away"/> refuses everything.
/// </summary>
public sealed class FaultyLeaseStore : ILeaseStore
{
    private readonly Lock _lock = new();
    private readonly List<Fault> _faults = [];
    private readonly List<StoreCall> _calls = [];
    private TaskCompletionSource _outage = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StoreException? _away;
    private ILeaseStore _inner;
    private bool _hasListed;
    private bool _isReplaced;
    private int _resets;
    private int _pending;

    /// <param name="inner">The store that carries out what goes right.</param>
    public FaultyLeaseStore(ILeaseStore inner) => _inner = inner;

    /// <summary>
    /// The store that carries out what goes right. Setting it is what restoring a store from a backup looks like to its users: whoever has listed the
    /// former store and is about to watch is refused, as by a store that knows its cluster. (Revisions do not tell; the new store may have reached
    /// the same one.)
    /// </summary>
    public ILeaseStore Inner
    {
        get
        {
            lock (_lock)
                return _inner;
        }

        set
        {
            lock (_lock)
                (_inner, _isReplaced, _hasListed) = (value, _hasListed, false);
        }
    }

    /// <summary>Every call so far, in order of arrival, refused ones included.</summary>
    public IReadOnlyList<StoreCall> Calls
    {
        get
        {
            lock (_lock)
                return [.. _calls];
        }
    }

    /// <summary>
    /// Why the store cannot be reached, or <see langword="null"/>. Setting it breaks every watch and refuses every call until it is set to null.
    /// </summary>
    public StoreException? Away
    {
        get
        {
            lock (_lock)
                return _away;
        }

        set
        {
            lock (_lock)
                _away = value;
            if (value is not null)
                BreakWatches();
        }
    }

    /// <inheritdoc />
    public string ConfigSource => Inner.ConfigSource;

    /// <inheritdoc />
    public TimeSpan? MaxSilence { get; set; }

    /// <inheritdoc />
    public TimeSpan? LongestCall => Inner.LongestCall;

    /// <summary>How often the connections were reset.</summary>
    public int Resets => Volatile.Read(ref _resets);

    /// <summary>How many calls have not returned yet, watches apart.</summary>
    internal int Pending => Volatile.Read(ref _pending);

    /// <summary>The error that a store gives when it does not answer.</summary>
    public static StoreException NoAnswer => new("The store does not answer.", isTransient: true);

    private static StoreException Replaced => new("Another store answers than the one that was listed.", isTransient: true);

    /// <summary>The next such call fails without reaching the store.</summary>
    public void FailNext(StoreOperation operation, Exception? error = null) =>
        Add(operation, afterwards: false, _ => Task.FromException(error ?? NoAnswer));

    /// <summary>The next such call is carried out, but its caller gets an error.</summary>
    public void LoseAnswerOfNext(StoreOperation operation, Exception? error = null) =>
        Add(operation, afterwards: true, _ => Task.FromException(error ?? NoAnswer));

    /// <summary>Runs <paramref name="action"/> right before the next such call reaches the store: what another node does in between.</summary>
    public void BeforeNext(StoreOperation operation, Action action) => Add(operation, afterwards: false, _ => Run(action));

    /// <summary>Runs <paramref name="action"/> right after the next such call was carried out, before its caller knows.</summary>
    public void AfterNext(StoreOperation operation, Action action) => Add(operation, afterwards: true, _ => Run(action));

    /// <summary>Holds up the next such call before it reaches the store.</summary>
    public HeldStoreCall HoldNextBefore(StoreOperation operation)
    {
        var held = new HeldStoreCall();
        Add(operation, afterwards: false, held.HoldAsync);
        return held;
    }

    /// <summary>Holds up the answer of the next such call, which is carried out at once.</summary>
    public HeldStoreCall HoldNextAfter(StoreOperation operation)
    {
        var held = new HeldStoreCall();
        Add(operation, afterwards: true, held.HoldAsync);
        return held;
    }

    /// <summary>Breaks every open watch once; opening it again works.</summary>
    public void BreakWatches()
    {
        TaskCompletionSource outage;
        lock (_lock)
        {
            outage = _outage;
            _outage = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        outage.SetResult();
    }

    /// <inheritdoc />
    public Task<StoreSnapshot> ListAsync(long? revision, CancellationToken cancellationToken) =>
        CallAsync(new(StoreOperation.List, null), () => Inner.ListAsync(revision, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public Task<StoreSnapshot> ListInPartsAsync(long? revision, Action partCame, CancellationToken cancellationToken) =>
        CallAsync(new(StoreOperation.List, null), () => Inner.ListInPartsAsync(revision, partCame, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public Task<StoreWriteResult> CreateAsync(string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
        CallAsync(new(StoreOperation.Create, key), () => Inner.CreateAsync(key, value, timeToLive, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public Task<StoreWriteResult> UpdateAsync(
        StoredEntry expected, ReadOnlyMemory<byte> value, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        CallAsync(
            new(StoreOperation.Update, expected.Key), () => Inner.UpdateAsync(expected, value, timeToLive, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public Task<StoreWriteResult> RenewAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        CallAsync(new(StoreOperation.Renew, expected.Key), () => Inner.RenewAsync(expected, timeToLive, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public Task<StoreWriteResult> ClaimAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        CallAsync(new(StoreOperation.Claim, expected.Key), () => Inner.ClaimAsync(expected, timeToLive, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public Task<StoreWriteResult> DeleteAsync(StoredEntry expected, CancellationToken cancellationToken) =>
        CallAsync(new(StoreOperation.Delete, expected.Key), () => Inner.DeleteAsync(expected, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public Task<StoreConfigResult> WriteConfigAsync(ReadOnlyMemory<byte>? document, long? expectedRevision, CancellationToken cancellationToken) =>
        CallAsync(
            new(StoreOperation.WriteConfig, null), () => Inner.WriteConfigAsync(document, expectedRevision, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public Task<StoreWriteResult> SetTimeToLiveAsync(StoredEntry expected, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
        CallAsync(
            new(StoreOperation.SetTimeToLive, expected.Key),
            () => Inner.SetTimeToLiveAsync(expected, timeToLive, cancellationToken),
            cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyDictionary<string, TimeSpan>> ReadTimesLeftAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken) =>
        CallAsync(new(StoreOperation.ReadTimesLeft, null), () => Inner.ReadTimesLeftAsync(keys, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public async IAsyncEnumerable<StoreEvent> WatchAsync(long afterRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Task outage = Enter(new(StoreOperation.Watch, null));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await InjectAsync(StoreOperation.Watch, afterwards: false, cancellationToken);
        await using IAsyncEnumerator<StoreEvent> items = Inner.WatchAsync(afterRevision, stop.Token).GetAsyncEnumerator(CancellationToken.None);
        while (true)
        {
            Task<bool> next = items.MoveNextAsync().AsTask();
            if (await Task.WhenAny(next, outage) == outage)
            {
                await stop.CancelAsync();
                await next.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                throw Away ?? NoAnswer;
            }

            if (!await next)
                yield break;
            await InjectAsync(StoreOperation.Watch, afterwards: true, cancellationToken);
            yield return items.Current;
        }
    }

    /// <inheritdoc />
    public void ResetConnections()
    {
        Interlocked.Increment(ref _resets);
        Inner.ResetConnections();
    }

    private static Task Run(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private async Task<T> CallAsync<T>(StoreCall call, Func<Task<T>> carryOut, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _pending);
        try
        {
            _ = Enter(call);
            await InjectAsync(call.Operation, afterwards: false, cancellationToken);
            T result = await carryOut();
            await InjectAsync(call.Operation, afterwards: true, cancellationToken);
            return result;
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
        }
    }

    // Returns what completes when the store breaks its watches.
    private Task Enter(StoreCall call)
    {
        lock (_lock)
        {
            _calls.Add(call);
            if (_away is { } error) throw error;
            if (call.Operation == StoreOperation.List)
            {
                (_hasListed, _isReplaced) = (true, false);
            }
            else if (call.Operation == StoreOperation.Watch)
            {
                bool isReplaced = _isReplaced;
                (_hasListed, _isReplaced) = (false, false);
                if (isReplaced) throw Replaced;
            }

            return _outage.Task;
        }
    }

    private Task InjectAsync(StoreOperation operation, bool afterwards, CancellationToken cancellationToken)
    {
        Fault fault;
        lock (_lock)
        {
            int index = _faults.FindIndex(candidate => candidate.Operation == operation && candidate.Afterwards == afterwards);
            if (index < 0)
                return Task.CompletedTask;
            fault = _faults[index];
            _faults.RemoveAt(index);
        }

        return fault.Inject(cancellationToken);
    }

    private void Add(StoreOperation operation, bool afterwards, Func<CancellationToken, Task> inject)
    {
        lock (_lock)
            _faults.Add(new Fault(operation, afterwards, inject));
    }

    private sealed record Fault(StoreOperation Operation, bool Afterwards, Func<CancellationToken, Task> Inject);
}
