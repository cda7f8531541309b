using Flannel.Extensibility;
using Flannel.Simulation.Scheduling;

namespace Flannel.Simulation.Models;

/// <summary>
/// One watch: items in their order, each on its way for a while. Within what the contract of stores allows, chance cuts them: one revision or many in
/// an item, a snapshot in their place, the last one once more.
/// </summary>
internal sealed class StoreWatch : IDisposable
{
    private static readonly TimeSpan Pulse = TimeSpan.FromSeconds(12);

    private readonly StoreServer _server;
    private readonly StoreLink _link;
    private readonly Scheduler _scheduler;
    private readonly SimulatedProcess _process;
    private TaskCompletionSource<StoreEvent>? _reader;
    private CancellationTokenRegistration _cancellation;
    private (StoreEvent Item, TimeSpan Sent)? _underWay;
    private StoreEvent? _last;
    private StoreException? _error;
    private long _revision;
    private bool _isSending;
    private bool _isClosed;

    public StoreWatch(StoreServer server, StoreLink link, Scheduler scheduler, SimulatedProcess process, long afterRevision)
    {
        (_server, _link, _scheduler, _process, _revision) = (server, link, scheduler, process, afterRevision);
        if (process.IsDead) return;
        server.Watches.Add(this);
        scheduler.After(Pulse, "pulse", null, Beat);
    }

    private bool IsCut => _link.IsSilent || _link.AreWatchesStuck;

    public bool IsOf(SimulatedProcess process) => _process == process;

    public Task<StoreEvent> NextAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _reader = new TaskCompletionSource<StoreEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<StoreEvent> next = _reader.Task;
        if (_process.IsDead) return next;
        _cancellation = cancellationToken.UnsafeRegister(_ => Take()?.TrySetCanceled(cancellationToken), null);
        if (_error is not null) Take()!.TrySetException(_error);
        else Send();
        return next;
    }

    /// <summary>Sends what is new, if the reader waits and the way is free.</summary>
    public void Send()
    {
        if (_reader is null || _isSending || _error is not null) return;
        if (_link.IsRefused)
        {
            Break(_process.Mark(new StoreException("The connection was refused.", isTransient: true) { Kind = StoreErrorKind.Unreachable }));
            return;
        }

        if (IsCut) return;
        if (_underWay is null && _server.Revision <= _revision) return;
        _isSending = true;
        _scheduler.After(_link.Latency(_scheduler), "send", null, Leave);
    }

    /// <summary>Ends the watch with an error.</summary>
    public void Break(StoreException error)
    {
        if (_isClosed) return;
        _error = error;
        _scheduler.Soon("break", _process, () => Take()?.TrySetException(error));
    }

    public void Dispose()
    {
        _isClosed = true;
        _server.Watches.Remove(this);
    }

    private void Leave()
    {
        if (_isClosed || IsCut)
        {
            _isSending = false;
            return;
        }

        if (Read() is not { } item)
        {
            _isSending = false;
            return;
        }

        TimeSpan sent = item.Revision >= _server.Revision ? _scheduler.Now : TimeSpan.MinValue;
        _revision = item.Revision;
        _underWay = (item, sent);
        _scheduler.After(_link.Latency(_scheduler), "item", _process, Arrive);
    }

    private StoreEvent? Read()
    {
        if (_underWay is { Item: var late }) return late;
        Random random = _scheduler.Random;
        return random.Next(20) switch
        {
            0 when _revision < _server.Revision => _server.List(),
            1 when _last is not null => _last,
            < 8 => _server.ReadAfter(_revision, 1),
            _ => _server.ReadAfter(_revision, int.MaxValue),
        };
    }

    private void Arrive()
    {
        _isSending = false;
        // What cannot arrive now is sent again when the way is free.
        if (_isClosed || IsCut || _underWay is not { } arrived || Take() is not { } reader) return;
        _underWay = null;
        _last = arrived.Item;
        _process.Tell(arrived.Sent, _scheduler.Now);
        _scheduler.Note(arrived.Item.ToString());
        reader.TrySetResult(arrived.Item);
    }

    /// <summary>Shows that the watch is alive.</summary>
    private void Beat()
    {
        if (_isClosed || _process.IsDead || _error is not null) return;
        _scheduler.After(Pulse, "pulse", null, Beat);
        if (_reader is null || _isSending || IsCut) return;
        if (_underWay is null && _server.Revision <= _revision) _underWay = (new StoreChanges([], _revision), _scheduler.Now);
        Send();
    }

    private TaskCompletionSource<StoreEvent>? Take()
    {
        (TaskCompletionSource<StoreEvent>? reader, _reader) = (_reader, null);
        _cancellation.Dispose();
        return reader;
    }
}
