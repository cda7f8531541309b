using System.Globalization;

namespace Orchestrator.Reporting;

/// <summary>How the round-trip times of several pings are spread, in milliseconds.</summary>
internal readonly record struct Spread(double Minimum, double Median, double Maximum, int Answered, int Sent)
{
    public bool IsComplete => Answered == Sent;

    public static Spread Of(IEnumerable<PingReport> pings)
    {
        List<PingReport> all = [.. pings];
        List<double> times = [.. all.Select(ping => ping.Milliseconds).OfType<double>().Order()];
        return times.Count == 0
            ? new Spread(0, 0, 0, 0, all.Count)
            : new Spread(times[0], (times[(times.Count - 1) / 2] + times[times.Count / 2]) / 2, times[^1], times.Count, all.Count);
    }

    /// <summary>A time in four characters.</summary>
    public static string Format(double milliseconds) => milliseconds.ToString(
        milliseconds switch { < 9.995 => "0.00", < 99.95 => "0.0", _ => "0" }, CultureInfo.InvariantCulture);
}
