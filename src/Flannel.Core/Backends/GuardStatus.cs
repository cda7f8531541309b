namespace Flannel;

/// <summary>The condition of the guard (<see cref="GuardOptions"/>).</summary>
public sealed record GuardStatus
{
    /// <summary>
    /// Why the tunnel is not guarded although it should be; <see langword="null"/> if it is. The overlay carries traffic all the same.
    /// </summary>
    public string? Problem { get; init; }

    /// <summary>What was dropped since the network was made, as it was last read, a few seconds ago at most.</summary>
    public GuardDrops Drops { get; init; }

    /// <summary>Makes one status of those of several tunnels.</summary>
    /// <param name="statuses">Any number; those without a guard are <see langword="null"/>.</param>
    /// <returns><see langword="null"/> if nothing is guarded.</returns>
    public static GuardStatus? Merge(IEnumerable<GuardStatus?> statuses)
    {
        GuardStatus[] guards = [.. statuses.OfType<GuardStatus>()];
        string[] problems = [.. guards.Select(static guard => guard.Problem).OfType<string>().Distinct()];
        return guards.Length == 0
            ? null
            : new GuardStatus
            {
                Problem = problems.Length == 0 ? null : string.Join(" ", problems),
                Drops = guards.Select(static guard => guard.Drops).Aggregate(static (sum, next) => sum + next),
            };
    }
}

/// <summary>How many packets the guard dropped, by reason.</summary>
/// <param name="UnknownSender">To the tunnel's port, from an address that is no peer's.</param>
/// <param name="Container">To the tunnel's port, from a container of this host or of another.</param>
/// <param name="ForeignSource">Out of the tunnel, from an address that is not the sender's.</param>
/// <param name="ForeignDestination">Out of the tunnel, to an address that is not in this host's subnet.</param>
public readonly record struct GuardDrops(long UnknownSender, long Container, long ForeignSource, long ForeignDestination)
{
    /// <summary>All of them.</summary>
    public long Total => UnknownSender + Container + ForeignSource + ForeignDestination;

    /// <summary>The sum, reason by reason.</summary>
    /// <param name="left">Some drops.</param>
    /// <param name="right">Other drops.</param>
    public static GuardDrops operator +(GuardDrops left, GuardDrops right) => new(
        left.UnknownSender + right.UnknownSender,
        left.Container + right.Container,
        left.ForeignSource + right.ForeignSource,
        left.ForeignDestination + right.ForeignDestination);

    /// <summary>The difference, reason by reason.</summary>
    /// <param name="left">Some drops.</param>
    /// <param name="right">Those of them that do not count.</param>
    public static GuardDrops operator -(GuardDrops left, GuardDrops right) => new(
        left.UnknownSender - right.UnknownSender,
        left.Container - right.Container,
        left.ForeignSource - right.ForeignSource,
        left.ForeignDestination - right.ForeignDestination);
}
