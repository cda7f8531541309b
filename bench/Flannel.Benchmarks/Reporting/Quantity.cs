using System.Globalization;

namespace Flannel.Benchmarks.Reporting;

/// <summary>Figures as people read them, with three significant digits.</summary>
internal static class Quantity
{
    /// <summary>A duration given in milliseconds.</summary>
    public static string Duration(double milliseconds) => milliseconds switch
    {
        < 1 => $"{Round(milliseconds * 1000)} µs",
        < 1000 => $"{Round(milliseconds)} ms",
        _ => $"{Round(milliseconds / 1000)} s",
    };

    /// <summary>A ratio with its spread.</summary>
    public static string Ratio(Sample ratio) => ratio.Values.Count == 1
        ? Round(ratio.Median)
        : $"**{Round(ratio.Median)}** ({Round(ratio.Lowest)} to {Round(ratio.Highest)})";

    /// <summary>A number of things.</summary>
    public static string Count(int count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A figure in three significant digits.</summary>
    public static string Round(double value) => Math.Abs(value) switch
    {
        0 => "0",
        < 0.1 => value.ToString("0.000", CultureInfo.InvariantCulture),
        < 10 => value.ToString("0.00", CultureInfo.InvariantCulture),
        < 100 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0", CultureInfo.InvariantCulture),
    };
}
