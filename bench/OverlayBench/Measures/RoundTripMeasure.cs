using Flannel.Benchmarks.Labs;
using OverlayBench.Load;

namespace OverlayBench.Measures;

/// <summary>How long datagrams are on their way to the other container and back.</summary>
/// <param name="isLoaded">Whether TCP is sent beside them at a fixed rate.</param>
/// <param name="seconds">How long.</param>
/// <param name="condition">What is not as usual, for the name; starts with a comma.</param>
internal sealed class RoundTripMeasure(bool isLoaded, int seconds, string condition = "") : IMeasure
{
    private const string Load = "500M";

    private readonly string _name = (isLoaded ? "round trip beside 0.5 Gbit/s" : "round trip") + condition;

    /// <summary>What our udp shall reach of the median.</summary>
    public IReadOnlyList<Goal> Goals { get; init; } = [];

    public IReadOnlyList<Figure> Figures =>
    [
        new Figure($"{_name}, p50 (µs)", IsMoreBetter: false) { Goals = Goals, IsCharted = true },
        new Figure($"{_name}, p99 (µs)", IsMoreBetter: false),
        new Figure($"{_name}, p99.9 (µs)", IsMoreBetter: false),
        new Figure($"{_name}: lost", IsMoreBetter: false) { HasRatios = false },
    ];

    public async Task<double[]> MeasureAsync(ContainerPair pods, CancellationToken cancellationToken)
    {
        Task load = isLoaded ? Iperf.RunAsync(pods, seconds + 2, ["--bitrate", Load], cancellationToken) : Task.CompletedTask;
        if (isLoaded) await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken); // until it has started and found its rate
        (double[] times, int lost) = Echo.Measure(pods, TimeSpan.FromSeconds(seconds));
        await load;
        return times.Length == 0
            ? [double.NaN, double.NaN, double.NaN, lost]
            : [Percentile(50), Percentile(99), Percentile(99.9), lost];

        double Percentile(double percent) => times[(int)(percent / 100 * (times.Length - 1))];
    }
}
