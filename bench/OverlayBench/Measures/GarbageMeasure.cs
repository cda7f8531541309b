using Flannel.Benchmarks.Labs;
using OverlayBench.Load;

namespace OverlayBench.Measures;

/// <summary>
/// What this process, in which our nodes run, allocates and collects in a while of TCP in both directions through one of its paths, and in as long a while
/// without: the rest of the process is in both.
/// </summary>
/// <param name="seconds">How long.</param>
internal sealed class GarbageMeasure(int seconds)
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    /// <summary>Measures once.</summary>
    /// <returns>Bytes allocated and collections made, idle and in transfer.</returns>
    public async Task<(long IdleBytes, int IdleCollections, long Bytes, int Collections)> MeasureAsync(ContainerPair pods, CancellationToken cancellationToken)
    {
        await Iperf.RunAsync(pods, seconds: 1, ["--bidir"], cancellationToken); // what happens once does not count
        (long idleBytes, int idleCollections) = CountWhileAsleep();
        Task<IperfResult> transfer = Iperf.RunAsync(pods, seconds + (2 * (int)WarmUp.TotalSeconds), ["--bidir"], cancellationToken);
        await Task.Delay(WarmUp, cancellationToken);
        (long bytes, int collections) = CountWhileAsleep();
        await transfer;
        return (idleBytes, idleCollections, bytes, collections);
    }

    private (long Bytes, int Collections) CountWhileAsleep()
    {
        (long bytes, int collections) = (GC.GetTotalAllocatedBytes(precise: true), GC.CollectionCount(0));
        Thread.Sleep(TimeSpan.FromSeconds(seconds));
        return (GC.GetTotalAllocatedBytes(precise: true) - bytes, GC.CollectionCount(0) - collections);
    }
}
