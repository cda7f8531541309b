using System.Globalization;
using System.Text;
using Flannel.Benchmarks.Reporting;
using OverlayBench.Measures;

namespace OverlayBench.Reporting;

/// <summary>The rows as a Markdown table whose columns are aligned, so that it reads as well on a terminal.</summary>
internal static class OverlayTable
{
    public static string Format(OverlayReport report)
    {
        string[] others = [.. report.Paths.Where(static path => path is not OverlayReport.Ours)];
        string[] heading = ["measured", .. report.Paths, .. others.Select(static other => $"{OverlayReport.Ours} / {other}"), "goal"];
        string[][] rows = [heading, .. report.Rows.Select(row => Cells(row, report.Paths, others))];
        int[] widths = [.. Enumerable.Range(0, heading.Length).Select(column => rows.Max(row => row[column].Length))];
        var text = new StringBuilder();
        for (int row = 0; row < rows.Length; row++)
        {
            AppendRow(text, rows[row], widths);
            if (row == 0) AppendRow(text, [.. widths.Select(width => new string('-', width))], widths);
        }

        return text.ToString();
    }

    private static string[] Cells(OverlayRow row, IReadOnlyList<string> paths, string[] others) =>
    [
        row.Figure.Name,
        .. paths.Select(path => row.Samples.TryGetValue(path, out Sample? sample) ? Quantity.Round(sample.Median) : ""),
        .. others.Select(other => row.Ratio(OverlayReport.Ours, other) is { } ratio ? Quantity.Ratio(ratio) : ""),
        string.Join("; ", row.Figure.Goals.Select(goal => Judge(row, goal)).Append(JudgeMost(row)).OfType<string>()),
    ];

    private static string? Judge(OverlayRow row, Goal goal)
    {
        if (row.Ratio(OverlayReport.Ours, goal.Path) is not { } ratio) return null; // nobody to compare with
        bool isMet = row.Figure.IsMoreBetter ? ratio.Median >= goal.Limit : ratio.Median <= goal.Limit;
        string sign = row.Figure.IsMoreBetter ? "≥" : "≤";
        return string.Create(CultureInfo.InvariantCulture, $"{sign} {goal.Limit} × {goal.Path}: {(isMet ? "met" : "missed")}");
    }

    private static string? JudgeMost(OverlayRow row) => row.Figure.Most is { } most && row.Samples.TryGetValue(OverlayReport.Ours, out Sample? sample)
        ? string.Create(CultureInfo.InvariantCulture, $"{most}: {(sample.Highest <= most ? "met" : "missed")}")
        : null;

    private static void AppendRow(StringBuilder text, string[] cells, int[] widths)
    {
        foreach ((string cell, int width) in cells.Zip(widths)) text.Append("| ").Append(cell.PadRight(width)).Append(' ');
        text.Append("|\n");
    }
}
