namespace Flannel.Testing;

/// <summary>
/// A clock that stands still until a test moves it. Timers fire inside <see cref="Advance"/>, in order of their due time (then of arming), each at
/// exactly its own due time, so what a test observes does not depend on the machine.
/// </summary>
/// <remarks>
/// The clock has two hands, as a real machine has: the monotonic one (timers, timestamps) moves only by <see cref="Advance"/>; the wall clock moves
/// with it and can also be set apart by <see cref="ShiftWallClock"/>, as NTP or an operator does. All members are safe to call from any thread.
/// </remarks>
public sealed partial class FakeTimeProvider : TimeProvider
{
    // A test that waits this long in real time for a timer waits for one that never comes.
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly PriorityQueue<Arming, (TimeSpan Due, long Order)> _queue = new();
    private readonly List<Waiter> _waiters = [];
    private readonly DateTimeOffset _start;
    private TimeSpan _elapsed;
    private TimeSpan _wallClockShift;
    private long _armings;

    /// <summary>Starts the clock at 2026-01-01T00:00:00Z, or at <paramref name="start"/>.</summary>
    public FakeTimeProvider(DateTimeOffset? start = null) =>
        _start = (start ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)).ToUniversalTime();

    /// <summary>Always UTC.</summary>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Ten million: a timestamp counts ticks of 100 ns.</summary>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How far the clock has been advanced since it was made.</summary>
    public TimeSpan Elapsed
    {
        get
        {
            lock (_lock)
                return _elapsed;
        }
    }

    /// <summary>
    /// How often any timer has been armed (created or changed with a finite due time, or repeated) so far. Pass it to <see
    /// cref="WaitForArmingAsync"/>.
    /// </summary>
    public long Armings
    {
        get
        {
            lock (_lock)
                return _armings;
        }
    }

    /// <summary>The time left on every armed timer, shortest first.</summary>
    public IReadOnlyList<TimeSpan> ArmedTimers
    {
        get
        {
            lock (_lock)
                return ArmedTimers_NeedsLock();
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return _start + _elapsed + _wallClockShift;
    }

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        lock (_lock)
            return _elapsed.Ticks;
    }

    /// <inheritdoc/>
    /// <remarks>A due time of zero fires at once on the thread pool, as the system's timers do.</remarks>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>
    /// Moves the clock forward by <paramref name="by"/> and fires every timer that falls due on the way, on this thread and without a synchronization
    /// context, so that continuations without one of their own have run up to their next wait when this returns.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="by"/> is negative.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan target;
        lock (_lock)
            target = _elapsed + by;

        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            while (TakeDue(target) is { } timer)
            {
                timer.Fire();
                CompleteWaiters();
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    /// <summary>Moves the wall clock alone, forward or back. Timers and timestamps do not notice.</summary>
    public void ShiftWallClock(TimeSpan by)
    {
        lock (_lock)
            _wallClockShift += by;
    }

    private Timer? TakeDue(TimeSpan target)
    {
        lock (_lock)
        {
            Arming? next = PeekLive_NeedsLock();
            if (next is null || next.Due > target)
            {
                _elapsed = TimeSpan.FromTicks(Math.Max(_elapsed.Ticks, target.Ticks));
                return null;
            }

            _queue.Dequeue();
            _elapsed = TimeSpan.FromTicks(Math.Max(_elapsed.Ticks, next.Due.Ticks));
            next.Timer.Repeat_NeedsLock(next);
            return next.Timer;
        }
    }

    // A timer that is changed or disposed leaves its old arming in the queue; it is dead from then on and is dropped when it surfaces.
    private Arming? PeekLive_NeedsLock()
    {
        while (_queue.TryPeek(out Arming? next, out _))
        {
            if (next.IsLive)
                return next;
            _queue.Dequeue();
        }

        return null;
    }

    private TimeSpan[] ArmedTimers_NeedsLock() =>
        [.. _queue.UnorderedItems.Where(item => item.Element.IsLive).Select(item => item.Element.Due - _elapsed).Order()];
}
