namespace Orchestrator.Reporting;

/// <summary>What the demo built and what it found out: the facts behind the drawing, and the JSON document as it is written.</summary>
internal sealed partial record Report
{
    /// <summary>Whether every ping was answered, and through the overlay.</summary>
    public bool Ok => Failures.Count == 0;

    /// <summary>What went wrong, in words.</summary>
    public required IReadOnlyList<string> Failures { get; init; }

    /// <summary>How packets travel between the hosts.</summary>
    public required string Backend { get; init; }

    /// <summary>The overlay's ranges, IPv4 first.</summary>
    public IReadOnlyList<string> Networks { get; init; } = [];

    public IReadOnlyList<HostReport> Hosts { get; init; } = [];

    public IReadOnlyList<PingReport> Pings { get; init; } = [];

    /// <summary>From the start to the last answer.</summary>
    public required double Seconds { get; init; }
}
