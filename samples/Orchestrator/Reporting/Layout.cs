using Spectre.Console;

namespace Orchestrator.Reporting;

/// <summary>The look of every part of the report: a headline, and columns without frames.</summary>
internal static class Layout
{
    public static Rule Headline(string title, string subtitle) => new($"[bold blue]{Markup.Escape(title)}[/] [grey]{Markup.Escape(subtitle)}[/]")
    {
        Justification = Justify.Left,
        Style = new Style(Color.Grey),
    };

    public static Grid Columns(params IReadOnlyList<string> headings)
    {
        var grid = new Grid();
        foreach (string _ in headings) grid.AddColumn(new GridColumn { NoWrap = true, Padding = new Padding(2, 0, 0, 0) });
        grid.AddRow([.. headings.Select(heading => new Text(heading, new Style(Color.Grey)))]);
        return grid;
    }

    /// <summary>A cell of several lines, such as one per address family. The lines may hold markup.</summary>
    public static Markup Lines(IEnumerable<string> lines) => new(string.Join('\n', lines));
}
