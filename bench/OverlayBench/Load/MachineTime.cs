using System.Diagnostics;
using System.Globalization;

namespace OverlayBench.Load;

/// <summary>
/// How busy the machine was since a moment. What the kernel counts as idle is subtracted from the wall clock: the counts of busy time are sampled,
/// and miss what ends between two ticks.
/// </summary>
internal sealed class MachineTime
{
    private const double TicksPerSecond = 100; // USER_HZ, on every architecture that .NET runs on

    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly double _idle = Read().Idle;

    /// <summary>The seconds for which processors were not idle, summed over all of them.</summary>
    public double BusySeconds()
    {
        (double idle, int processors) = Read();
        return (processors * Stopwatch.GetElapsedTime(_start).TotalSeconds) - (idle - _idle);
    }

    private static (double Idle, int Processors) Read()
    {
        string[] lines = [.. File.ReadLines("/proc/stat").TakeWhile(static line => line.StartsWith("cpu", StringComparison.Ordinal))];
        string[] all = lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries); // cpu user nice system idle iowait ...
        return ((Parse(all[4]) + Parse(all[5])) / TicksPerSecond, lines.Length - 1);
    }

    private static double Parse(string ticks) => double.Parse(ticks, CultureInfo.InvariantCulture);
}
