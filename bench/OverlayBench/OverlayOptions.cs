using System.Globalization;
using Flannel.Benchmarks;

namespace OverlayBench;

/// <summary>The command line.</summary>
internal sealed record OverlayOptions
{
    private const int DefaultRounds = 5;
    private const int DefaultSeconds = 3;

    /// <summary>What can be named on the command line.</summary>
    private static readonly (string Name, string Subject)[] Sections =
    [
        ("tcp", "TCP with 1 and 4 streams: to the second container, from it, and both at once"),
        ("cpu", "CPU seconds of the whole machine per GB of TCP at a fixed rate"),
        ("datagrams", "UDP of 64 and 1,400 bytes, counted on the receiving device"),
        ("round-trip", "UDP there and back: p50, p99 and p99.9, idle and beside TCP at a fixed rate"),
        ("no-offload", "TCP and CPU with segmentation off-load disabled on the devices between the hosts"),
        ("peers", "TCP, UDP and round trip with 5,000 peers"),
        ("garbage", "what our nodes' process allocates and collects in 10 s of transfer"),
    ];

    /// <summary>What the command line may hold.</summary>
    public static string Usage =>
        $"""
        usage: ./build.sh bench overlay [name ...] [--rounds N] [--quick] [--json FILE] [--markdown FILE] [--svg FILE]

        {string.Join('\n', Sections.Select(static section => $"  {section.Name,-12} {section.Subject}"))}

          --rounds N         how often each is measured on each path, 1 to 100 (default {DefaultRounds})
          --quick            one round of one second: shows that it works, and not how well
          --json FILE        write every single measurement as JSON
          --markdown FILE    write the table as Markdown
          --svg FILE         draw a chart

        PEER_FLANNELD=FILE names another flanneld, whose udp is measured beside ours.
        """;

    /// <summary>How often each is measured on each path.</summary>
    public int Rounds { get; init; } = DefaultRounds;

    /// <summary>How long each measurement lasts, in seconds.</summary>
    public int Seconds { get; init; } = DefaultSeconds;

    /// <summary>How long the transfer lasts during which allocations are counted, in seconds.</summary>
    public int GarbageSeconds => Seconds == DefaultSeconds ? 10 : 2;

    /// <summary>Where to write the results as JSON, if anywhere.</summary>
    public string? JsonFile { get; init; }

    /// <summary>Where to write the table as Markdown, if anywhere.</summary>
    public string? MarkdownFile { get; init; }

    /// <summary>Where to draw the chart, if anywhere.</summary>
    public string? ChartFile { get; init; }

    private IReadOnlyList<string> Chosen { get; init; } = [];

    /// <summary>The command that repeats this run.</summary>
    public string Command =>
        "./build.sh bench overlay" + string.Concat(Chosen.Select(static name => " " + name)) +
        (Seconds == DefaultSeconds ? "" : " --quick") +
        (Rounds == (Seconds == DefaultSeconds ? DefaultRounds : 1) ? "" : string.Create(CultureInfo.InvariantCulture, $" --rounds {Rounds}"));

    /// <summary>Whether a section is to be measured.</summary>
    public bool Wants(string section) => Chosen.Count == 0 || Chosen.Contains(section);

    /// <summary>Reads the command line.</summary>
    /// <param name="arguments">The words of the command line.</param>
    /// <exception cref="BenchException">A word is not understood.</exception>
    public static OverlayOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new OverlayOptions();
        int? rounds = null;
        for (int index = 0; index < arguments.Count; index++)
        {
            options = arguments[index] switch
            {
                "--rounds" => options with { Rounds = (rounds = ParseRounds(Value(ref index))).Value },
                "--quick" => options with { Seconds = 1 },
                "--json" => options with { JsonFile = Value(ref index) },
                "--markdown" => options with { MarkdownFile = Value(ref index) },
                "--svg" => options with { ChartFile = Value(ref index) },
                var name when Sections.Any(section => section.Name == name) => options with { Chosen = [.. options.Chosen, name] },
                var name => throw new BenchException(
                    $"'{name}' is neither an option nor something to measure, which is {string.Join(", ", Sections.Select(other => other.Name))}."),
            };
        }

        return options with { Rounds = rounds ?? (options.Seconds == DefaultSeconds ? DefaultRounds : 1) };

        string Value(ref int index) =>
            ++index < arguments.Count ? arguments[index] : throw new BenchException($"{arguments[^1]} needs a value.");
    }

    private static int ParseRounds(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int rounds) && rounds is >= 1 and <= 100
            ? rounds
            : throw new BenchException($"--rounds is '{text}'; it must be a number from 1 to 100.");
}
