namespace Flannel.Simulation.Faults;

/// <summary>What happens to a cluster, when and to whom: drawn from a seed alone, so that a part of it can be played again.</summary>
internal static class FaultPlan
{
    private const int FewestFaults = 5;
    private const int MostFaults = 22;
    private const int FewestHosts = 3;
    private const int MostHosts = 8;

    private static readonly FaultKind[] Kinds = Enum.GetValues<FaultKind>();

    // Each of these counts as somebody else who uses the host's address when it happens more often, and then the node gives in, as it has to.
    private static readonly FaultKind[] OncePerRun = [FaultKind.CorruptLease, FaultKind.RestoreBackup];

    /// <summary>Draws a plan.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="length">How long faults happen.</param>
    /// <returns>How many hosts there are, and the faults in the order of their beginning.</returns>
    public static (int Hosts, IReadOnlyList<Fault> Faults) Draw(int seed, TimeSpan length)
    {
        var random = new Random(seed ^ 0x5f3759df);
        // A plan of few kinds goes deeper, one of all kinds wider.
        FaultKind[] kinds = random.Next(2) == 0 ? Kinds : [.. Enumerable.Range(0, random.Next(2, 7)).Select(_ => Kinds[random.Next(Kinds.Length)])];
        int hosts = random.Next(FewestHosts, MostHosts + 1);
        int count = random.Next(FewestFaults, MostFaults + 1);
        TimeSpan[] times = [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() * length).Order()];
        var faults = new List<Fault>();
        foreach (TimeSpan at in times)
        {
            FaultKind kind = kinds[random.Next(kinds.Length)];
            var fault = new Fault(faults.Count, kind, at, DrawDuration(random), random.Next(MostHosts), random.Next());
            if (!OncePerRun.Contains(kind) || faults.TrueForAll(other => other.Kind != kind)) faults.Add(fault);
        }

        return (hosts, faults);
    }

    private static TimeSpan DrawDuration(Random random) => random.Next(4) switch
    {
        0 => TimeSpan.FromMilliseconds(random.Next(3000)),
        1 or 2 => TimeSpan.FromSeconds(3 + (random.NextDouble() * 40)),
        _ => TimeSpan.FromSeconds(40 + (random.NextDouble() * 110)),
    };
}
