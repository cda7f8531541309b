namespace Flannel.Lab.Pinging;

/// <summary>What became of a series of echo requests.</summary>
public sealed record PingReport
{
    /// <summary>How many were tried.</summary>
    public required int Sent { get; init; }

    /// <summary>The round-trip times of the answers, in the order they came.</summary>
    public required IReadOnlyList<TimeSpan> RoundTrips { get; init; }

    /// <summary>The errors, in the order they came.</summary>
    public required IReadOnlyList<IcmpError> Errors { get; init; }

    /// <summary>The longest time between two answers that came one after the other.</summary>
    public TimeSpan LongestSilence { get; init; }

    /// <summary>How many were answered.</summary>
    public int Received => RoundTrips.Count;

    /// <summary>How many were not answered.</summary>
    public int Lost => Sent - Received;

    /// <summary>Whether there was at least one request and every one was answered.</summary>
    public bool AllAnswered => Sent > 0 && Lost == 0;

    /// <summary>The report in one line, for the message of a failed assertion.</summary>
    public override string ToString() =>
        $"{Received} of {Sent} answered" +
        string.Concat(Errors.GroupBy(static error => error).Select(static group => $"; {group.Count()} x {group.Key}"));
}
