namespace Flannel.Simulation.Scheduling;

/// <summary>The clock as one process reads it: timers stand still with the process, the time does not; the wall clock may be set.</summary>
/// <param name="scheduler">The one clock.</param>
/// <param name="process">Whose timers it has.</param>
/// <param name="wallClockShift">How far the host's wall clock is off.</param>
internal sealed class ProcessClock(Scheduler scheduler, SimulatedProcess process, Func<TimeSpan> wallClockShift) : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long GetTimestamp() => scheduler.Now.Ticks;

    public override DateTimeOffset GetUtcNow() => Start + scheduler.Now + wallClockShift();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(scheduler, process, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(Scheduler scheduler, SimulatedProcess process, TimerCallback callback, object? state) : ITimer
    {
        private Step? _armed;
        private bool _isDisposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_isDisposed) return false;
            Disarm();
            if (dueTime != Timeout.InfiniteTimeSpan) Arm(dueTime, period);
            return true;
        }

        public void Dispose()
        {
            _isDisposed = true;
            Disarm();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        // Timers are never early, and a little late as the machine likes.
        private void Arm(TimeSpan due, TimeSpan period)
        {
            TimeSpan late = TimeSpan.FromMicroseconds(scheduler.Random.Next(2000));
            _armed = scheduler.After(due + late, "timer", process, () =>
            {
                _armed = null;
                if (period > TimeSpan.Zero) Arm(period, period);
                ThreadPool.UnsafeQueueUserWorkItem(static timer => timer.Fire(), this, preferLocal: false);
            });
        }

        private void Disarm()
        {
            _armed?.IsVoid = true;
            _armed = null;
        }

        private void Fire() => callback(state);
    }
}
