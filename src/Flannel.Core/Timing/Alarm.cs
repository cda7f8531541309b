namespace Flannel.Core.Timing;

/// <summary>One timer that a loop waits for beside other things. For one waiter.</summary>
internal sealed class Alarm : IAsyncDisposable
{
    // Timers take at most about 49 days.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly ITimer _timer;
    private volatile TaskCompletionSource _rings = NewSignal();
    private TimeSpan _setFor = TimeSpan.MaxValue;

    public Alarm(TimeProvider time) => _timer = time.CreateTimer(
        static alarm => ((Alarm)alarm!)._rings.TrySetResult(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Completes at a deadline, or earlier if that is more than a day away.</summary>
    /// <param name="deadline">When, on the waiter's clock.</param>
    /// <param name="now">The time on that clock.</param>
    public Task At(TimeSpan deadline, TimeSpan now)
    {
        if (_rings.Task.IsCompleted || deadline != _setFor)
        {
            _rings = NewSignal();
            _setFor = deadline;
            // The system's timers count whole milliseconds; rounding up keeps them from firing just before the deadline.
            double wait = Math.Ceiling(Math.Clamp((deadline - now).TotalMilliseconds, 0, LongestWait.TotalMilliseconds));
            _timer.Change(TimeSpan.FromMilliseconds(wait), Timeout.InfiniteTimeSpan);
        }

        return _rings.Task;
    }

    /// <summary>Forgets the deadline, which has moved; until the next wait it would only wake the waiter for nothing.</summary>
    public void Disarm()
    {
        _setFor = TimeSpan.MaxValue;
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
