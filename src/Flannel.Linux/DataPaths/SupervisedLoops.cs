using System.Diagnostics.CodeAnalysis;
using Flannel.Linux.Diagnostics;

namespace Flannel.Extensibility;

/// <summary>
/// The loops of one data path: each runs until they are stopped. A failure that nobody foresaw is reported and must neither end a loop nor reach the
/// host.
/// </summary>
/// <remarks>Started and stopped by one caller at a time.</remarks>
/// <param name="time">The clock.</param>
/// <param name="reportFailure">Told what failed, and the name of the loop.</param>
[Experimental(ExperimentalApi.KernelBackends)]
public sealed class SupervisedLoops(TimeProvider time, Action<Exception, string> reportFailure) : IDisposable
{
    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    /// <summary>Starts a loop.</summary>
    /// <param name="name">What reports call it.</param>
    /// <param name="loop">Runs until its token says stop; when it returns or fails before, it is started again.</param>
    public void Start(string name, Func<CancellationToken, Task> loop) =>
        _running.Add(Task.Run(() => KeepRunningAsync(name, loop), CancellationToken.None));

    /// <summary>Ends the loops and waits until they have ended.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_running).ConfigureAwait(false);
    }

    /// <summary>Releases what the loops shared. They must have ended.</summary>
    public void Dispose() => _stop.Dispose();

    private async Task KeepRunningAsync(string name, Func<CancellationToken, Task> loop)
    {
        CancellationToken stop = _stop.Token;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await loop(stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                reportFailure(exception, name);
                await Task.Delay(RestartDelay, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
