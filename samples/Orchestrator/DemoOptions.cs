namespace Orchestrator;

/// <summary>What was asked for on the command line.</summary>
internal sealed record DemoOptions
{
    /// <summary>How many hosts to make.</summary>
    public required int Hosts { get; init; }

    /// <summary>The backend's name, for the network configuration.</summary>
    public required string Backend { get; init; }

    /// <summary>Whether the overlay carries IPv6 beside IPv4.</summary>
    public bool DualStack { get; init; }

    /// <summary>Whether to stay up until interrupted.</summary>
    public bool Keep { get; init; }

    /// <summary>Whether the report is a JSON document.</summary>
    public bool Json { get; init; }
}
