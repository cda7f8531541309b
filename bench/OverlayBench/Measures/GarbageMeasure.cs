using Flannel.Benchmarks.Labs;
using OverlayBench.Load;

namespace OverlayBench.Measures;

/// <summary>
/// What this process, in which our nodes run, allocates and collects in a while of TCP in both directions through one of its paths, and in as long a
/// while without: the rest of the process is in both.
/// </summary>
/// <param name="seconds">How long.</param>
internal sealed class GarbageMeasure(int seconds) : IMeasure
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    public IReadOnlyList<Figure> Figures =>
    [
        new Figure($"{seconds} s of TCP each way: allocated in .NET (bytes)", IsMoreBetter: false) { HasRatios = false, Most = 0 },
        new Figure($"{seconds} s of TCP each way: collections", IsMoreBetter: false) { HasRatios = false, Most = 0 },
        new Figure($"{seconds} s without traffic: allocated in .NET (bytes)", IsMoreBetter: false) { HasRatios = false },
        new Figure($"{seconds} s without traffic: collections", IsMoreBetter: false) { HasRatios = false },
    ];

    public async Task<double[]> MeasureAsync(ContainerPair pods, CancellationToken cancellationToken)
    {
        await Iperf.RunAsync(pods, seconds: 1, ["--bidir"], cancellationToken); // what happens once does not count
        (double idleBytes, double idleCollections) = CountWhileAsleep();
        Task<IperfResult> transfer = Iperf.RunAsync(pods, seconds + (2 * (int)WarmUp.TotalSeconds), ["--bidir"], cancellationToken);
        await Task.Delay(WarmUp, cancellationToken);
        (double bytes, double collections) = CountWhileAsleep();
        await transfer;
        return [bytes, collections, idleBytes, idleCollections];
    }

    private (double Bytes, double Collections) CountWhileAsleep()
    {
        (long bytes, int collections) = (GC.GetTotalAllocatedBytes(precise: true), GC.CollectionCount(0));
        Thread.Sleep(TimeSpan.FromSeconds(seconds));
        return (GC.GetTotalAllocatedBytes(precise: true) - bytes, GC.CollectionCount(0) - collections);
    }
}
