using System.Globalization;
using System.Net;
using System.Text;
using Flannel.Benchmarks.Reporting;

namespace OverlayBench.Reporting;

/// <summary>The figures as bars in a picture: a panel for each, in it a bar for each path. Panels have scales of their own.</summary>
internal static class BarChart
{
    private const int Columns = 2;
    private const int PanelWidth = 460;
    private const int Margin = 20;
    private const int TitleHeight = 30;
    private const int BarHeight = 18;
    private const int BarStep = 24;
    private const int LabelWidth = 80;
    private const int ValueWidth = 60;
    private const int FootHeight = 40;

    // Told apart by those who do not see red or green; ours is the strong one.
    private static readonly string[] Colours = ["#9aa5b1", "#56b4e9", "#d55e00", "#52606d"];

    /// <summary>Draws the rows that are meant for it.</summary>
    /// <returns>An SVG document.</returns>
    public static string Draw(OverlayReport report)
    {
        OverlayRow[] rows = [.. report.Rows.Where(static row => row.Figure.IsCharted)];
        int panelHeight = TitleHeight + (report.Paths.Count * BarStep) + Margin;
        int width = (Columns * (PanelWidth + Margin)) + Margin;
        int height = Margin + ((rows.Length + Columns - 1) / Columns * panelHeight) + FootHeight;
        var text = new StringBuilder();
        text.Append(Invariant(
            $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"
                 font-family="sans-serif" font-size="13" fill="#1f2933">
              <title>{Escape(report.Command)}</title>
              <rect width="{width}" height="{height}" fill="#ffffff"/>

            """));
        for (int index = 0; index < rows.Length; index++)
        {
            (int down, int across) = Math.DivRem(index, Columns);
            AppendPanel(text, rows[index], report.Paths, Margin + (across * (PanelWidth + Margin)), Margin + (down * panelHeight));
        }

        text.Append(Invariant(
            $"""
              <text x="{Margin}" y="{height - Margin}" font-size="11" fill="#52606d">{Escape(report.Facts[0])}</text>
            </svg>

            """));
        return text.ToString();
    }

    private static void AppendPanel(StringBuilder text, OverlayRow row, IReadOnlyList<string> paths, int left, int top)
    {
        string name = Escape(row.Figure.Name);
        string better = row.Figure.IsMoreBetter ? "more is better" : "less is better";
        text.Append(Invariant(
            $"""
              <text x="{left}" y="{top + 14}" font-weight="bold">{name}<tspan font-weight="normal" fill="#52606d">, {better}</tspan></text>

            """));
        double[] values = [.. paths.Select(path => ValueOf(row, path))];
        double scale = (PanelWidth - LabelWidth - ValueWidth) / Math.Max(values.Max(), double.Epsilon);
        for (int index = 0; index < paths.Count; index++)
        {
            int y = top + TitleHeight + (index * BarStep);
            int length = Math.Max(1, (int)Math.Round(values[index] * scale));
            int baseline = y + BarHeight - 5;
            text.Append(Invariant(
                $"""
                  <text x="{left + LabelWidth - 8}" y="{baseline}" text-anchor="end">{Escape(paths[index])}</text>
                  <rect x="{left + LabelWidth}" y="{y}" width="{length}" height="{BarHeight}" fill="{Colours[index % Colours.Length]}"/>
                  <text x="{left + LabelWidth + length + 6}" y="{baseline}">{Quantity.Round(values[index])}</text>

                """));
        }
    }

    private static double ValueOf(OverlayRow row, string path) =>
        row.Samples.TryGetValue(path, out Sample? sample) && double.IsFinite(sample.Median) ? sample.Median : 0;

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
