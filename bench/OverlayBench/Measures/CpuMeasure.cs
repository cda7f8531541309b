using Flannel.Benchmarks.Labs;
using OverlayBench.Load;

namespace OverlayBench.Measures;

/// <summary>
/// What the same amount of TCP costs the whole machine, both hosts and iperf3 together: at the same rate for all, because at the highest rate every
/// path takes all there is.
/// </summary>
/// <param name="seconds">How long.</param>
/// <param name="condition">What is not as usual, for the name; starts with a comma.</param>
internal sealed class CpuMeasure(int seconds, string condition = "") : IMeasure
{
    private const string Rate = "800M";

    /// <summary>What our udp shall reach.</summary>
    public IReadOnlyList<Goal> Goals { get; init; } = [];

    public IReadOnlyList<Figure> Figures =>
    [
        new Figure($"CPU at 0.8 Gbit/s{condition} (s per GB)", IsMoreBetter: false) { Goals = Goals, IsCharted = true },
    ];

    public async Task<double[]> MeasureAsync(ContainerPair pods, CancellationToken cancellationToken)
    {
        var time = new MachineTime();
        IperfResult result = await Iperf.RunAsync(pods, seconds, ["--bitrate", Rate], cancellationToken);
        return [time.BusySeconds() / (result.Bytes / 1e9)];
    }
}
