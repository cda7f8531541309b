namespace Flannel.Testing;

/// <summary>A call that a <see cref="FaultyLeaseStore"/> holds up at one point until it is let go.</summary>
public sealed class HeldStoreCall
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the call has arrived at the point.</summary>
    /// <exception cref="TimeoutException">It did not within 30 s.</exception>
    public Task WaitUntilReachedAsync() => _reached.Task.WaitAsync(WaitLimit);

    /// <summary>Lets the call go on.</summary>
    public void Release() => _released.TrySetResult();

    /// <summary>Lets the call fail at this point.</summary>
    public void Fail(Exception error) => _released.TrySetException(error);

    internal Task HoldAsync(CancellationToken cancellationToken)
    {
        _reached.TrySetResult();
        return _released.Task.WaitAsync(cancellationToken);
    }
}
