using Flannel.Extensibility;

namespace Flannel.Lab.Backends;

/// <summary>Waits for what a running network comes to.</summary>
public static class BackendNetworkExtensions
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    /// <summary>Waits until the status is as wanted.</summary>
    public static async Task<BackendStatus> WaitAsync(this IBackendNetwork network, Func<BackendStatus, bool> isWanted)
    {
        using var timeout = new CancellationTokenSource(Deadline);
        while (true)
        {
            BackendStatus status = network.Status;
            if (isWanted(status)) return status;
            if (timeout.IsCancellationRequested) throw new TimeoutException($"The status stayed {status}; {string.Join("; ", status.PeerProblems)}");
            await Task.Delay(2, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until something is the case.</summary>
    public static async Task EventuallyAsync(this IBackendNetwork network, Func<Task<bool>> condition)
    {
        using var timeout = new CancellationTokenSource(Deadline);
        while (!await condition().ConfigureAwait(false))
        {
            if (timeout.IsCancellationRequested) throw new TimeoutException($"It did not happen; the status is {network.Status}");
            await Task.Delay(10, CancellationToken.None).ConfigureAwait(false);
        }
    }
}
