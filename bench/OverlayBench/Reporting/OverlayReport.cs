using System.Text;
using System.Text.Json;
using OverlayBench.Measures;

namespace OverlayBench.Reporting;

/// <summary>All results of a run, with what is needed to judge and to repeat them.</summary>
/// <param name="command">The command that repeats the run.</param>
/// <param name="facts">What the figures depend on.</param>
internal sealed class OverlayReport(string command, IReadOnlyList<string> facts)
{
    /// <summary>The path that all others are compared with.</summary>
    public const string Ours = "our udp";

    private readonly List<OverlayRow> _rows = [];
    private readonly List<string> _notes = [];

    /// <summary>The names of the paths, in the order of the table's columns.</summary>
    public IReadOnlyList<string> Paths { get; private set; } = [];

    public IReadOnlyList<OverlayRow> Rows => _rows;

    public string Command => command;

    /// <summary>What the figures depend on, in sentences.</summary>
    public IReadOnlyList<string> Facts => facts;

    /// <summary>Says what is compared.</summary>
    public void Compare(IEnumerable<string> paths) => Paths = [.. paths];

    /// <summary>Adds a line to the table.</summary>
    public OverlayRow Add(Figure figure)
    {
        var row = new OverlayRow(figure);
        _rows.Add(row);
        return row;
    }

    /// <summary>Adds a sentence on what was measured, and how.</summary>
    public void AddNote(string note) => _notes.Add(note);

    /// <summary>Tells whoever waits what is going on.</summary>
    public void Progress(string what) => Console.Error.WriteLine(what);

    /// <summary>The table with everything that belongs to it.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append(OverlayTable.Format(this)).Append('\n');
        foreach (string note in _notes) text.Append("- ").Append(note).Append('\n');
        foreach (string fact in facts) text.Append("- ").Append(fact).Append('\n');
        text.Append("- Figures are medians, ratios are medians of the ratios of each round (lowest to highest); the paths take turns in one run.\n");
        text.Append("- Repeat it with `").Append(command).Append("`.\n");
        return text.ToString();
    }

    /// <summary>The same as JSON, with every single measurement.</summary>
    public string ToJson()
    {
        OverlayDocumentRow[] rows = [.. _rows.Select(static row => new OverlayDocumentRow(
            row.Figure.Name,
            row.Figure.IsMoreBetter,
            row.Samples.ToDictionary(static sample => sample.Key, static sample => sample.Value.Values)))];
        return JsonSerializer.Serialize(new OverlayDocument(command, facts, _notes, Paths, rows), OverlayJsonContext.Readable.OverlayDocument);
    }
}
