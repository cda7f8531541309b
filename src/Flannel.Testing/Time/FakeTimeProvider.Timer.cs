namespace Flannel.Testing;

public sealed partial class FakeTimeProvider
{
    private sealed class Arming(Timer timer, TimeSpan due)
    {
        public Timer Timer { get; } = timer;

        public TimeSpan Due { get; } = due;

        public bool IsLive => Timer.IsCurrent_NeedsLock(this);
    }

    private sealed class Timer(FakeTimeProvider clock, TimerCallback callback, object? state) : ITimer
    {
        // The limit of System.Threading.Timer, kept so that code which breaks it breaks here too.
        private static readonly TimeSpan MaxInterval = TimeSpan.FromMilliseconds(0xFFFFFFFE);

        private Arming? _current;
        private TimeSpan _period;
        private bool _disposed;

        public bool IsCurrent_NeedsLock(Arming arming) => ReferenceEquals(_current, arming);

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            ThrowIfNoInterval(dueTime, nameof(dueTime));
            ThrowIfNoInterval(period, nameof(period));
            bool fireNow;
            lock (clock._lock)
            {
                if (_disposed)
                    return false;

                _period = period == Timeout.InfiniteTimeSpan ? TimeSpan.Zero : period;
                fireNow = dueTime == TimeSpan.Zero;
                _current = null;
                if (fireNow)
                    Repeat_NeedsLock(new Arming(this, clock._elapsed));
                else if (dueTime != Timeout.InfiniteTimeSpan)
                    Arm_NeedsLock(clock._elapsed + dueTime);
            }

            if (fireNow)
                ThreadPool.UnsafeQueueUserWorkItem(static timer => timer.Fire(), this, preferLocal: false);
            clock.CompleteWaiters();
            return true;
        }

        public void Repeat_NeedsLock(Arming fired)
        {
            _current = null;
            if (_period > TimeSpan.Zero)
                Arm_NeedsLock(fired.Due + _period);
        }

        public void Dispose()
        {
            lock (clock._lock)
            {
                _disposed = true;
                _current = null;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Arm_NeedsLock(TimeSpan due)
        {
            _current = new Arming(this, due);
            clock._queue.Enqueue(_current, (due, clock._armings++));
        }

        private static void ThrowIfNoInterval(TimeSpan value, string name)
        {
            if (value == Timeout.InfiniteTimeSpan)
                return;
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero, name);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, MaxInterval, name);
        }
    }
}
