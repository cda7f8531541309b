namespace Orchestrator.Reporting;

/// <summary>A tunnel device of a host: the packets it counted before and after the pings.</summary>
internal sealed record TunnelReport
{
    public required string Device { get; init; }

    /// <summary>The address of this end of a VXLAN tunnel.</summary>
    public string? VtepMac { get; init; }

    public required ulong SentBefore { get; init; }

    public required ulong SentAfter { get; init; }

    public required ulong ReceivedBefore { get; init; }

    public required ulong ReceivedAfter { get; init; }

    /// <summary>How many packets must have gone each way: a question or an answer for every ping between this host and another.</summary>
    public required int Needed { get; init; }

    public ulong Sent => SentAfter - SentBefore;

    public ulong Received => ReceivedAfter - ReceivedBefore;

    /// <summary>Whether the pings between the hosts did cross the tunnel.</summary>
    public bool CarriedAll => Sent >= (ulong)Needed && Received >= (ulong)Needed;
}
