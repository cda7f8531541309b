using System.Globalization;

namespace Flannel.Benchmarks;

/// <summary>The command line.</summary>
internal sealed record BenchOptions
{
    public const int DefaultRounds = 5;

    /// <summary>The benches to run, in this order.</summary>
    public required IReadOnlyList<IBench> Benches { get; init; }

    /// <summary>How many pairs of each comparison are measured.</summary>
    public int Rounds { get; init; } = DefaultRounds;

    /// <summary>Where to write the results as JSON, if anywhere.</summary>
    public string? JsonFile { get; init; }

    /// <summary>Where to write the table as Markdown, if anywhere.</summary>
    public string? MarkdownFile { get; init; }

    /// <summary>Whether only some benches are to run.</summary>
    public bool IsSelection { get; init; }

    /// <summary>The command that repeats this run.</summary>
    public string Command =>
        "./build.sh bench" + (IsSelection ? string.Concat(Benches.Select(static bench => " " + bench.Name)) : "") +
        (Rounds == DefaultRounds ? "" : string.Create(CultureInfo.InvariantCulture, $" --rounds {Rounds}"));

    /// <summary>What the command line may hold.</summary>
    /// <param name="benches">All benches.</param>
    public static string Usage(IReadOnlyList<IBench> benches) =>
        $"""
        usage: ./build.sh bench [name ...] [--rounds N] [--json FILE] [--markdown FILE]

        {string.Join('\n', benches.Select(bench => $"  {bench.Name,-12} {bench.Subject}"))}

          --rounds N         pairs per comparison, 1 to 100 (default {DefaultRounds})
          --json FILE        write the results as JSON
          --markdown FILE    write the table as Markdown
        """;

    /// <summary>Reads the command line.</summary>
    /// <param name="arguments">The words of the command line.</param>
    /// <param name="all">All benches, which are run if none is named.</param>
    /// <exception cref="BenchException">A word is not understood.</exception>
    public static BenchOptions Parse(IReadOnlyList<string> arguments, IReadOnlyList<IBench> all)
    {
        var options = new BenchOptions { Benches = all };
        var chosen = new List<IBench>();
        for (int index = 0; index < arguments.Count; index++)
        {
            switch (arguments[index])
            {
                case "--rounds":
                    options = options with { Rounds = ParseRounds(Value(ref index)) };
                    break;
                case "--json":
                    options = options with { JsonFile = Value(ref index) };
                    break;
                case "--markdown":
                    options = options with { MarkdownFile = Value(ref index) };
                    break;
                case var name:
                    chosen.Add(all.FirstOrDefault(bench => bench.Name == name) ?? throw new BenchException(
                        $"'{name}' is neither an option nor a bench; the benches are {string.Join(", ", all.Select(bench => bench.Name))}."));
                    break;
            }
        }

        return chosen.Count == 0 ? options : options with { Benches = chosen, IsSelection = true };

        string Value(ref int index) =>
            ++index < arguments.Count ? arguments[index] : throw new BenchException($"{arguments[^1]} needs a value.");
    }

    private static int ParseRounds(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int rounds) && rounds is >= 1 and <= 100
            ? rounds
            : throw new BenchException($"--rounds is '{text}'; it must be a number from 1 to 100.");
}
