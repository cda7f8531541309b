using System.Text.Json.Serialization;

namespace Flannel.Benchmarks.Reporting;

/// <summary>One line of the table.</summary>
internal sealed record Result
{
    /// <summary>What was measured.</summary>
    public required string Subject { get; init; }

    /// <summary>What we needed or reached, with the unit.</summary>
    public required string Ours { get; init; }

    /// <summary>What the reference needed or reached, and what the reference is.</summary>
    public string? Reference { get; init; }

    /// <summary>Ours divided by the reference, round by round.</summary>
    [JsonIgnore]
    public Sample? Ratio { get; init; }

    /// <summary>The limit to keep, if there is one.</summary>
    public string? Goal { get; init; }

    /// <summary>Whether the limit is kept.</summary>
    public bool? IsMet { get; init; }

    /// <summary>The figures behind the texts: every single measurement, by name and unit.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<double>> Figures { get; init; } = new Dictionary<string, IReadOnlyList<double>>();
}
