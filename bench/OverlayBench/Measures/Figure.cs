namespace OverlayBench.Measures;

/// <summary>A line of the table.</summary>
/// <param name="Name">What was measured, with its unit.</param>
/// <param name="IsMoreBetter">Whether the highest is the best, and not the lowest.</param>
internal sealed record Figure(string Name, bool IsMoreBetter)
{
    /// <summary>Whether ratios say something; they do not where the best is none at all.</summary>
    public bool HasRatios { get; init; } = true;

    /// <summary>Whether the chart shows it.</summary>
    public bool IsCharted { get; init; }

    /// <summary>What our udp shall not exceed, if there is such a limit.</summary>
    public double? Most { get; init; }

    /// <summary>What our udp shall reach.</summary>
    public IReadOnlyList<Goal> Goals { get; init; } = [];
}
