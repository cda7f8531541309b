using System.Diagnostics;
using Flannel.Benchmarks;
using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Reporting;
using Flannel.Netlink.Route.Links;
using OverlayBench.Load;

namespace OverlayBench.Measures;

/// <summary>UDP from one sender that never waits: how many datagrams reach the other container's device.</summary>
/// <param name="size">The bytes of data in each datagram.</param>
/// <param name="seconds">How long.</param>
/// <param name="condition">What is not as usual, for the name; starts with a comma.</param>
internal sealed class DatagramMeasure(int size, int seconds, string condition = "") : IMeasure
{
    private const int Headers = 14 + 20 + 8; // Ethernet, IPv4, UDP
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(0.5);

    /// <summary>What our udp shall reach.</summary>
    public IReadOnlyList<Goal> Goals { get; init; } = [];

    public IReadOnlyList<Figure> Figures =>
    [
        new Figure($"UDP of {Quantity.Count(size)} bytes{condition} (1,000 a second)", IsMoreBetter: true) { Goals = Goals, IsCharted = true },
    ];

    public async Task<double[]> MeasureAsync(ContainerPair pods, CancellationToken cancellationToken)
    {
        using var flood = new Flood(pods, size);
        await Task.Delay(WarmUp, cancellationToken);
        long start = Stopwatch.GetTimestamp();
        double before = CountReceived(pods.Server);
        await Task.Delay(TimeSpan.FromSeconds(seconds), cancellationToken);
        double received = CountReceived(pods.Server) - before;
        return [received / Stopwatch.GetElapsedTime(start).TotalMilliseconds];
    }

    /// <summary>
    /// A device counts datagrams that arrive as one super-packet as one packet; as many as are missing in the packets have left their headers out of
    /// the bytes.
    /// </summary>
    private double CountReceived(LabHost host)
    {
        LinkStatistics counted = host.Device(ContainerPair.Inside).Statistics ?? throw new BenchException($"{host.Name} has no counters.");
        return (counted.ReceivedBytes - ((double)Headers * counted.ReceivedPackets)) / size;
    }
}
