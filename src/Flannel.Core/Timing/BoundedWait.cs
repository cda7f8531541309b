namespace Flannel.Core.Timing;

/// <summary>Waits that end whatever the other side does.</summary>
internal static class BoundedWait
{
    /// <summary>Waits for a task; once the token is cancelled, for a limited time only.</summary>
    /// <param name="task">What to wait for. It is observed even if nobody waits for it any more.</param>
    /// <param name="limit">How long the task may take to end after the cancellation; asked for then.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">The token that the task ends by.</param>
    /// <exception cref="TimeoutException">The task was cancelled and did not end.</exception>
    public static async Task<T> EndingWithinAsync<T>(this Task<T> task, Func<TimeSpan> limit, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            return await task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            task.Observe();
            return await task.WaitAsync(limit(), time, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for a task for a limited time.</summary>
    /// <returns>Whether it has ended.</returns>
    public static async Task<bool> EndsWithinAsync(this Task task, TimeSpan limit, TimeProvider time)
    {
        task.Observe();
        await task.WaitAsync(limit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return task.IsCompleted;
    }

    // An error that comes after the wait is nobody's.
    private static void Observe(this Task task) => _ = task.ContinueWith(
        static late => _ = late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
}
