using System.Globalization;
using Flannel.Benchmarks.Labs;
using OverlayBench.Load;

namespace OverlayBench.Measures;

/// <summary>As much TCP as gets through, what TCP had to send again, and what the two hosts dropped.</summary>
/// <param name="streams">How many connections side by side.</param>
/// <param name="direction">Which container sends.</param>
/// <param name="seconds">How long.</param>
/// <param name="condition">What is not as usual, for the name; starts with a comma.</param>
internal sealed class TcpMeasure(int streams, TcpDirection direction, int seconds, string condition = "") : IMeasure
{
    private readonly string _name =
        $"TCP, {streams} {(streams == 1 ? "stream" : "streams")}" +
        direction switch { TcpDirection.Back => ", back", TcpDirection.Both => " each way", _ => "" } + condition;

    /// <summary>What our udp shall reach of the rate.</summary>
    public IReadOnlyList<Goal> Goals { get; init; } = [];

    public IReadOnlyList<Figure> Figures =>
    [
        new Figure($"{_name} (Gbit/s)", IsMoreBetter: true) { Goals = Goals, IsCharted = direction != TcpDirection.Back },
        new Figure($"{_name}: retransmissions", IsMoreBetter: false) { HasRatios = false },
        new Figure($"{_name}: dropped at the hosts' devices", IsMoreBetter: false) { HasRatios = false, Most = 0 },
        new Figure($"{_name}: dropped at the hosts' sockets", IsMoreBetter: false) { HasRatios = false, Most = 0 },
    ];

    public async Task<double[]> MeasureAsync(ContainerPair pods, CancellationToken cancellationToken)
    {
        string[] options = ["--omit", "1", "--parallel", streams.ToString(CultureInfo.InvariantCulture)];
        if (direction == TcpDirection.Back) options = [.. options, "--reverse"];
        if (direction == TcpDirection.Both) options = [.. options, "--bidir"];
        HostDrops before = HostDrops.Read(pods);
        IperfResult result = await Iperf.RunAsync(pods, seconds, options, cancellationToken);
        HostDrops drops = HostDrops.Read(pods) - before;
        return [result.GigabitsPerSecond, result.Retransmissions, drops.AtDevices, drops.AtSockets];
    }
}
