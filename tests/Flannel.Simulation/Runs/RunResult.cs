namespace Flannel.Simulation.Runs;

/// <summary>What a run came to.</summary>
/// <param name="Violation">What was broken, or <see langword="null"/> if nothing was.</param>
/// <param name="At">The simulated time of the end.</param>
/// <param name="Steps">How many steps there were.</param>
/// <param name="Trace">A hash of all of them.</param>
/// <param name="Repair">How long it took from the end of the last fault until everything was as it has to be.</param>
internal sealed record RunResult(string? Violation, TimeSpan At, int Steps, ulong Trace, TimeSpan Repair);
