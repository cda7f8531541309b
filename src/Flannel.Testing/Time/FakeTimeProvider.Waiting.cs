namespace Flannel.Testing;

public sealed partial class FakeTimeProvider
{
    /// <summary>Completes when any timer is armed, at once if one is already, with the time left on the one that fires first.</summary>
    /// <exception cref="TimeoutException">No timer was armed within 30 s of real time.</exception>
    public async Task<TimeSpan> WaitForTimerAsync(CancellationToken cancellationToken = default)
    {
        TimeSpan[] armed = await WaitAsync(static (_, left) => left.Length > 0, "any timer", cancellationToken).ConfigureAwait(false);
        return armed[0];
    }

    /// <summary>Completes when a timer is armed that has exactly <paramref name="left"/> to go, at once if one is already.</summary>
    /// <exception cref="TimeoutException">None was armed within 30 s of real time; the message lists those that were.</exception>
    public Task WaitForTimerAsync(TimeSpan left, CancellationToken cancellationToken = default) =>
        WaitAsync((_, armed) => armed.Contains(left), $"a timer with {left} to go", cancellationToken);

    /// <summary>Completes when at least <paramref name="count"/> timers are armed at the same time.</summary>
    /// <exception cref="TimeoutException">Fewer were armed within 30 s of real time.</exception>
    public Task WaitForTimersAsync(int count, CancellationToken cancellationToken = default) =>
        WaitAsync((_, armed) => armed.Length >= count, $"{count} timers at once", cancellationToken);

    /// <summary>
    /// Completes when a timer has been armed since <paramref name="after"/>, a value of <see cref="Armings"/> read before the step under test. Use
    /// this where other timers are armed all the time.
    /// </summary>
    /// <exception cref="TimeoutException">None was armed within 30 s of real time.</exception>
    public Task WaitForArmingAsync(long after, CancellationToken cancellationToken = default) =>
        WaitAsync((armings, _) => armings > after, $"a timer armed after the first {after}", cancellationToken);

    /// <summary>Waits for an armed timer, advances exactly to the one that fires first, and says how far that was.</summary>
    /// <exception cref="TimeoutException">No timer was armed within 30 s of real time.</exception>
    public async Task<TimeSpan> AdvanceToNextTimerAsync(CancellationToken cancellationToken = default)
    {
        TimeSpan left = await WaitForTimerAsync(cancellationToken).ConfigureAwait(false);
        Advance(left);
        return left;
    }

    /// <summary>Completes when the timer that fires first has at most <paramref name="within"/> to go, with the time left on it.</summary>
    /// <exception cref="TimeoutException">There was none within 30 s of real time.</exception>
    public async Task<TimeSpan> WaitForTimerWithinAsync(TimeSpan within, CancellationToken cancellationToken = default)
    {
        TimeSpan[] armed = await WaitAsync((_, left) => left.Length > 0 && left[0] <= within, $"a timer within {within}", cancellationToken)
            .ConfigureAwait(false);
        return armed[0];
    }

    private async Task<TimeSpan[]> WaitAsync(Func<long, TimeSpan[], bool> condition, string what, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(condition);
        lock (_lock)
        {
            TimeSpan[] armed = ArmedTimers_NeedsLock();
            if (condition(_armings, armed))
                return armed;
            _waiters.Add(waiter);
        }

        try
        {
            return await waiter.Completion.Task.WaitAsync(WaitLimit, System, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Waited {WaitLimit.TotalSeconds} s for {what}. Armed now: [{string.Join(", ", ArmedTimers)}].");
        }
        finally
        {
            lock (_lock)
                _waiters.Remove(waiter);
        }
    }

    private void CompleteWaiters()
    {
        lock (_lock)
        {
            if (_waiters.Count == 0)
                return;
            TimeSpan[] armed = ArmedTimers_NeedsLock();
            foreach (Waiter waiter in _waiters)
            {
                if (waiter.Condition(_armings, armed))
                    waiter.Completion.TrySetResult(armed);
            }
        }
    }

    private sealed class Waiter(Func<long, TimeSpan[], bool> condition)
    {
        public Func<long, TimeSpan[], bool> Condition { get; } = condition;

        // Asynchronous, because it is completed under the lock.
        public TaskCompletionSource<TimeSpan[]> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
