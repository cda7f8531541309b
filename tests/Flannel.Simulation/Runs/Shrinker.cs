using Flannel.Simulation.Faults;

namespace Flannel.Simulation.Runs;

/// <summary>Finds a smaller run that breaks a rule, too: fewer faults, fewer hosts, and so fewer steps.</summary>
internal static class Shrinker
{
    /// <summary>Shrinks a run that breaks a rule.</summary>
    /// <param name="failing">The run.</param>
    /// <param name="breaks">Plays a run and says whether it breaks a rule.</param>
    public static async Task<RunSpec> ShrinkAsync(RunSpec failing, Func<RunSpec, Task<bool>> breaks)
    {
        (int hosts, IReadOnlyList<Fault> faults) = FaultPlan.Draw(failing.Seed, TimeSpan.FromMinutes(1));
        RunSpec best = failing with { Hosts = failing.Hosts ?? hosts, Faults = failing.Faults ?? [.. faults.Select(static fault => fault.Index)] };

        // First halves, then quarters, and so on down to single faults; again from the start whenever something could go.
        for (int size = best.Faults!.Count; size >= 1;)
        {
            bool isSmaller = false;
            for (int start = 0; start < best.Faults!.Count; start += size)
            {
                RunSpec candidate = best with { Faults = [.. best.Faults.Take(start), .. best.Faults.Skip(start + size)] };
                if (!await breaks(candidate)) continue;
                best = candidate;
                isSmaller = true;
                break;
            }

            size = isSmaller ? Math.Min(size, Math.Max(1, best.Faults!.Count)) : size / 2;
            if (best.Faults!.Count == 0) break;
        }

        for (int fewer = 2; fewer < best.Hosts; fewer++)
        {
            RunSpec candidate = best with { Hosts = fewer };
            if (await breaks(candidate)) return candidate;
        }

        return best;
    }
}
