using Spectre.Console;

namespace Orchestrator.Reporting;

/// <summary>The look of all tables: no frame, grey headings.</summary>
internal static class Plain
{
    public static Table Table(params IEnumerable<string> columns)
    {
        var table = new Table { Border = TableBorder.None };
        foreach (string column in columns)
            table.AddColumn(new TableColumn(new Text(column, new Style(Color.Grey))) { NoWrap = true, Padding = new Padding(2, 0, 0, 0) });
        return table;
    }

    /// <summary>A cell of several lines, such as one per address family. The lines may hold markup.</summary>
    public static Markup Lines(IEnumerable<string> lines) => new(string.Join('\n', lines));
}
