using System.Text;
using System.Text.Json;

namespace Flannel.Benchmarks.Reporting;

/// <summary>All results of a run, with what is needed to judge and to repeat them.</summary>
/// <param name="command">The command that repeats the run.</param>
/// <param name="facts">What the figures depend on.</param>
internal sealed class Report(string command, IReadOnlyList<string> facts)
{
    private readonly List<Result> _results = [];
    private readonly List<string> _notes = [];

    /// <summary>Adds a line to the table.</summary>
    public void Add(Result result) => _results.Add(result);

    /// <summary>Adds a sentence on how a bench measures.</summary>
    public void AddNote(string note) => _notes.Add(note);

    /// <summary>Tells whoever waits what is going on.</summary>
    public void Progress(string what) => Console.Error.WriteLine(what);

    /// <summary>The table with everything that belongs to it.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append(ResultTable.Format(_results)).Append('\n');
        foreach (string note in _notes) text.Append("- ").Append(note).Append('\n');
        foreach (string fact in facts) text.Append("- ").Append(fact).Append('\n');
        text.Append("- Times and rates are medians, ratios are medians of the ratios of each round (lowest to highest); ");
        text.Append("the sides take turns in one run.\n");
        text.Append("- Repeat it with `").Append(command).Append("`.\n");
        return text.ToString();
    }

    /// <summary>The same as JSON, with every single measurement.</summary>
    public string ToJson() =>
        JsonSerializer.Serialize(new ReportDocument(command, facts, _notes, _results), ReportJsonContext.Readable.ReportDocument);
}
