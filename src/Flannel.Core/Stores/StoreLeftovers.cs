namespace Flannel.Core.Stores;

/// <summary>
/// What was asked of a store and nobody waits for any more. It gets a moment to end; what does not end then is left behind and counted, because
/// neither a node nor its host may wait for ever for a connection that is stuck.
/// </summary>
/// <param name="limit">How long something may take to end.</param>
/// <param name="time">The clock.</param>
/// <param name="abandon">Told of each call or watch that is left behind.</param>
internal sealed class StoreLeftovers(TimeSpan limit, TimeProvider time, Action abandon)
{
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _ending = [];

    /// <summary>Waits in the background for something to end.</summary>
    /// <returns>Completes when it has ended, after the limit at the latest.</returns>
    /// <param name="leftover">What nobody waits for any more.</param>
    /// <param name="onAbandoned">What to do if it does not end; <see langword="null"/> for nothing.</param>
    public Task Await(Task leftover, Action? onAbandoned = null)
    {
        Task ending = EndAsync(leftover, onAbandoned);
        if (ending.IsCompleted) return ending;
        lock (_gate) _ending.Add(ending);
        _ = ending.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return ending;
    }

    /// <summary>Completes when nothing is left, after the limit at the latest.</summary>
    public Task DrainAsync()
    {
        lock (_gate) return Task.WhenAll(_ending);
    }

    private void Forget(Task ended)
    {
        lock (_gate) _ending.Remove(ended);
    }

    private async Task EndAsync(Task leftover, Action? onAbandoned)
    {
        await leftover.WaitAsync(limit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (leftover.IsCompleted) return;

        abandon();
        onAbandoned?.Invoke();
        // Its error, if it ever ends, is nobody's any more.
        _ = leftover.ContinueWith(
            static late => _ = late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }
}
