using System.Globalization;

namespace Flannel.Simulation.Runs;

/// <summary>
/// Which run: a seed, and what is left of its plan. Written as <c>4711</c>, <c>4711:3</c> or <c>4711:3:0,4,9</c> (seed, hosts, faults).
/// </summary>
/// <param name="Seed">The seed.</param>
/// <param name="Hosts">How many hosts there are; <see langword="null"/> for as many as the seed says.</param>
/// <param name="Faults">Which faults of the plan happen; <see langword="null"/> for all.</param>
internal sealed record RunSpec(int Seed, int? Hosts = null, IReadOnlyList<int>? Faults = null)
{
    /// <exception cref="FormatException">The text is no run.</exception>
    public static RunSpec Parse(string text)
    {
        string[] parts = text.Split(':');
        int[]? faults = parts.Length < 3 ? null : [.. parts[2].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Number)];
        return new RunSpec(Number(parts[0]), parts.Length < 2 ? null : Number(parts[1]), faults);
    }

    public override string ToString() =>
        Hosts is null ? $"{Seed}" : Faults is null ? $"{Seed}:{Hosts}" : $"{Seed}:{Hosts}:{string.Join(',', Faults)}";

    private static int Number(string text) => int.TryParse(text, CultureInfo.InvariantCulture, out int number)
        ? number
        : throw new FormatException($"'{text}' is no number; a run is written as seed, seed:hosts or seed:hosts:fault,fault.");
}
