using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Flannel.Extensibility;

namespace Flannel.Core.Stores;

/// <summary>
/// One watch of a store, read from outside so that nothing the store does holds up its reader: opening and closing return at once, and a watch that
/// does not end when it is closed is abandoned.
/// </summary>
internal sealed class BoundedWatch : IDisposable
{
    // The reader goes on, on the thread that delivers: it never waits there, and to wake another thread would cost more than all it does.
    private readonly Channel<StoreEvent> _items = Channel.CreateBounded<StoreEvent>(
        new BoundedChannelOptions(1) { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });

    private readonly CancellationTokenSource _stop = new();
    private readonly TimeProvider _time;
    private readonly StoreLeftovers _leftovers;
    private readonly Task _pump;
    private long _heardAt;

    /// <summary>Opens the watch.</summary>
    /// <param name="store">The store.</param>
    /// <param name="afterRevision">The revision up to which everything is known.</param>
    /// <param name="time">The clock.</param>
    /// <param name="leftovers">Takes over what does not end.</param>
    public BoundedWatch(ILeaseStore store, long afterRevision, TimeProvider time, StoreLeftovers leftovers)
    {
        _time = time;
        _leftovers = leftovers;
        _heardAt = time.GetTimestamp();
        // On a thread of the pool, because a store whose connection is stuck may block instead of waiting.
        _pump = Task.Run(() => PumpAsync(store, afterRevision));
        Next = _items.Reader.WaitToReadAsync().AsTask();
    }

    /// <summary>Completes when an item is there, and fails when the watch has ended.</summary>
    public Task<bool> Next { get; private set; }

    /// <summary>How long the store has delivered nothing. An item that waits to be taken ends the silence.</summary>
    public TimeSpan Silence => _items.Reader.Count > 0 ? TimeSpan.Zero : _time.GetElapsedTime(Volatile.Read(ref _heardAt));

    /// <summary>The item that <see cref="Next"/> announced.</summary>
    /// <exception cref="StoreException">The watch has ended.</exception>
    public async Task<StoreEvent> TakeAsync()
    {
        await Next.ConfigureAwait(false);
        if (!_items.Reader.TryRead(out StoreEvent? item))
            throw new StoreException("The lease store ended the watch.", isTransient: true) { Kind = StoreErrorKind.Unreachable };
        Next = _items.Reader.WaitToReadAsync().AsTask();
        return item;
    }

    /// <summary>Ends the watch in the background.</summary>
    public void Dispose() => _ = _leftovers.Await(Task.Run(async () =>
    {
        await _stop.CancelAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _pump.ConfigureAwait(false);
        // Why the watch ended is nobody's business any more, but a task whose error nobody looks at is reported to the host.
        await ((Task)Next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }));

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "However the watch ends, its reader is told.")]
    private async Task PumpAsync(ILeaseStore store, long afterRevision)
    {
        try
        {
            await foreach (StoreEvent item in store.WatchAsync(afterRevision, _stop.Token).ConfigureAwait(false))
            {
                Volatile.Write(ref _heardAt, _time.GetTimestamp());
                await _items.Writer.WriteAsync(item, _stop.Token).ConfigureAwait(false);
            }

            _items.Writer.TryComplete();
        }
        catch (Exception error)
        {
            _items.Writer.TryComplete(error);
        }
    }
}
