namespace Flannel;

public sealed partial class InMemoryLeaseStore
{
    // Timers take at most about 49 days, times to live may be longer.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private static readonly Comparer<(TimeSpan Deadline, string Key)> ByDeadline = Comparer<(TimeSpan Deadline, string Key)>.Create(
        static (left, right) => left.Deadline != right.Deadline
            ? left.Deadline.CompareTo(right.Deadline)
            : string.CompareOrdinal(left.Key, right.Key));

    // Guarded by _lock.
    private readonly SortedSet<(TimeSpan Deadline, string Key)> _deadlines = new(ByDeadline);
    private ITimer? _timer;
    private TimeSpan? _armedFor;

    private TimeSpan Elapsed => _time.GetElapsedTime(_start);

    private void SetDeadline_NeedsLock(Slot slot, TimeSpan? timeToLive)
    {
        if (slot.Deadline is { } old)
            _deadlines.Remove((old, slot.Entry.Key));
        slot.Deadline = Elapsed + timeToLive;
        if (slot.Deadline is not { } deadline)
            return;
        _deadlines.Add((deadline, slot.Entry.Key));
        Arm_NeedsLock();
    }

    // One timer serves all entries; a deadline that moved back leaves it armed too early, which costs one idle wake-up instead of a re-arm per
    // renewal.
    private void Arm_NeedsLock()
    {
        if (_deadlines.Count == 0 || _armedFor <= _deadlines.Min.Deadline)
            return;

        _armedFor = _deadlines.Min.Deadline;
        TimeSpan wait = _deadlines.Min.Deadline - Elapsed;
        // The system's timers count whole milliseconds; rounding up keeps them from firing just before the deadline.
        wait = TimeSpan.FromMilliseconds(Math.Ceiling(Math.Clamp(wait.TotalMilliseconds, 0, LongestWait.TotalMilliseconds)));
        // The timer must not keep a forgotten store alive for a whole time to live.
        _timer ??= _time.CreateTimer(ExpireIfAlive, new WeakReference<InMemoryLeaseStore>(this), Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private static void ExpireIfAlive(object? state)
    {
        if (((WeakReference<InMemoryLeaseStore>)state!).TryGetTarget(out InMemoryLeaseStore? store))
            store.Expire();
    }

    private void Expire()
    {
        lock (_lock)
        {
            _armedFor = null;
            TimeSpan now = Elapsed;
            while (_deadlines.Count > 0 && _deadlines.Min.Deadline <= now)
                Delete_NeedsLock(_slots[_deadlines.Min.Key]);
            Arm_NeedsLock();
        }

        WakeWatchers();
    }
}
