using System.Text.RegularExpressions;

namespace Flannel.Architecture.Tests.Docs;

/// <summary>The tables of <c>docs/metrics.md</c>. The tests of packages compile this file too, to hold the page against what they measure.</summary>
internal sealed partial class MetricsPage
{
    private readonly string _text;

    private MetricsPage(string text) => _text = text;

    /// <summary>An instrument as the page has it.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Kind">gauge, counter or histogram.</param>
    /// <param name="Unit">Its unit.</param>
    /// <param name="Tags">The tags of its measurements, the network's included, in alphabetical order.</param>
    public sealed record Instrument(string Name, string Kind, string Unit, string Tags);

    /// <summary>Reads the page of the repository that the tests were built from.</summary>
    public static MetricsPage Read()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Flannel.sln"))) folder = folder.Parent!;
        return new MetricsPage(File.ReadAllText(Path.Combine(folder.FullName, "docs", "metrics.md")));
    }

    /// <summary>The meters that the page has a table of.</summary>
    public IEnumerable<string> Meters => MeterHeading().Matches(_text).Select(static match => match.Groups[1].Value);

    /// <summary>The instruments of one meter.</summary>
    public IReadOnlyList<Instrument> InstrumentsOf(string meter)
    {
        string[] parts = _text.Split($"### Meter `{meter}`\n");
        if (parts.Length != 2) throw new InvalidOperationException($"docs/metrics.md has no table of the meter {meter}.");
        string table = parts[1].Split("\n#")[0];
        return [.. InstrumentRow().Matches(table).Select(static row => new Instrument(
            row.Groups[1].Value, row.Groups[2].Value, row.Groups[3].Value,
            Sorted(Code().Matches(row.Groups[4].Value).Select(static tag => tag.Groups[1].Value).Append("flannel.network"))))];
    }

    /// <summary>The tags that the page explains.</summary>
    public IReadOnlyList<string> Tags =>
        [.. TagRow().Matches(_text).SelectMany(static row => Code().Matches(row.Groups[1].Value)).Select(static tag => tag.Groups[1].Value)];

    /// <summary>The activities of one source, in alphabetical order.</summary>
    public string ActivitiesOf(string source) =>
        Sorted(
            ActivityRow().Matches(_text).Where(row => row.Groups[1].Value == source).SelectMany(static row => Code().Matches(row.Groups[2].Value))
                .Select(static name => name.Groups[1].Value));

    /// <summary>An instrument as it is, to be compared with the page's.</summary>
    public static Instrument Describe(System.Diagnostics.Metrics.Instrument instrument, IEnumerable<string> tags) => new(
        instrument.Name,
        instrument.GetType().Name.Split('`')[0] switch
        {
            "Counter" or "ObservableCounter" => "counter",
            "Gauge" or "ObservableGauge" => "gauge",
            "Histogram" => "histogram",
            var other => other,
        },
        instrument.Unit ?? "",
        Sorted(tags));

    private static string Sorted(IEnumerable<string> names) => string.Join(' ', names.Order(StringComparer.Ordinal));

    [GeneratedRegex("^### Meter `([^`]+)`$", RegexOptions.Multiline)]
    private static partial Regex MeterHeading();

    [GeneratedRegex(@"^\| `(flannel\.[^`]+)` \| (\w+) \| `([^`]+)` \| ([^|]*)\| [^|]+ \|$", RegexOptions.Multiline)]
    private static partial Regex InstrumentRow();

    [GeneratedRegex(@"^\| ((?:`[a-z_.]+`(?:, )?)+) \| [^|]+ \|$", RegexOptions.Multiline)]
    private static partial Regex TagRow();

    [GeneratedRegex(@"^\| `(Flannel\.[^`]+)` \| ([^|]+) \| (?:internal|client) \|", RegexOptions.Multiline)]
    private static partial Regex ActivityRow();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
