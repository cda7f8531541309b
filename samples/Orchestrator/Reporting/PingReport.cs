namespace Orchestrator.Reporting;

/// <summary>One ping from a container to an address of another one.</summary>
internal sealed record PingReport
{
    public required string From { get; init; }

    public required string FromHost { get; init; }

    public required string To { get; init; }

    public required string ToHost { get; init; }

    public required string Address { get; init; }

    /// <summary>Absent without an answer.</summary>
    public double? Milliseconds { get; init; }
}
