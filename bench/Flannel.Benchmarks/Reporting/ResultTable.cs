using System.Text;

namespace Flannel.Benchmarks.Reporting;

/// <summary>Results as a Markdown table whose columns are aligned, so that it reads as well on a terminal.</summary>
internal static class ResultTable
{
    private static readonly string[] Heading = ["measured", "ours", "reference", "ours / reference", "goal"];

    public static string Format(IEnumerable<Result> results)
    {
        string[][] rows = [Heading, .. results.Select(Cells)];
        int[] widths = [.. Enumerable.Range(0, Heading.Length).Select(column => rows.Max(row => row[column].Length))];
        var text = new StringBuilder();
        for (int row = 0; row < rows.Length; row++)
        {
            AppendRow(text, rows[row], widths);
            if (row == 0) AppendRow(text, [.. widths.Select(width => new string('-', width))], widths);
        }

        return text.ToString();
    }

    private static string[] Cells(Result result) =>
    [
        result.Subject,
        result.Ours,
        result.Reference ?? "",
        result.Ratio is { } ratio ? Quantity.Ratio(ratio) : "",
        result.Goal is { } goal ? $"{goal}: {(result.IsMet == true ? "met" : "missed")}" : "",
    ];

    private static void AppendRow(StringBuilder text, string[] cells, int[] widths)
    {
        foreach ((string cell, int width) in cells.Zip(widths)) text.Append("| ").Append(cell.PadRight(width)).Append(' ');
        text.Append("|\n");
    }
}
