using System.Diagnostics;
using System.Globalization;

namespace Flannel.Simulation.Runs;

/// <summary>
/// The program: <c>run FIRST COUNT</c> plays seeds and shrinks the first that breaks a rule; <c>replay SPEC</c> plays one run and writes everything
/// down;
/// <c>trace FIRST COUNT</c> writes the hash of each.
/// </summary>
internal static class Commands
{
    // Collecting costs as much as a run.
    private const int BatchSize = 50;

    /// <summary>Runs the program.</summary>
    /// <returns>0 if no rule was broken, 1 if one was, 2 if the arguments make no sense.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        switch (args)
        {
            case ["run", var first, var count]:
                return await PlayManyAsync(Number(first), Number(count), output);
            case ["replay", var spec]:
                return await ReplayAsync(RunSpec.Parse(spec), output);
            case ["trace", var first, var count]:
                for (int seed = Number(first); seed < Number(first) + Number(count); seed++)
                    await output.WriteLineAsync($"{seed} {(await SimulationRun.PlayAsync(new RunSpec(seed))).Trace:x16}");
                return 0;
            default:
                await output.WriteLineAsync("Flannel.Simulation run FIRST COUNT | replay SEED[:HOSTS[:FAULT,…]] | trace FIRST COUNT");
                return 2;
        }
    }

    private static async Task<int> PlayManyAsync(int first, int count, TextWriter output)
    {
        long started = Stopwatch.GetTimestamp();
        (long steps, TimeSpan simulated, TimeSpan longest) = (0, default, default);
        for (int seed = first; seed < first + count; seed++)
        {
            RunResult result = await SimulationRun.PlayAsync(new RunSpec(seed));
            (steps, simulated) = (steps + result.Steps, simulated + result.At);
            if (result.Repair > longest) longest = result.Repair;
            if (result.Violation is not null) return await ReportAsync(new RunSpec(seed), output);
            bool isBatchOver = (seed - first) % BatchSize == BatchSize - 1 || seed == first + count - 1;
            if (isBatchOver && Unobserved.Collect() is not null)
                return await FindUnobservedAsync(Math.Max(first, seed - BatchSize + 1), seed, output);
        }

        TimeSpan took = Stopwatch.GetElapsedTime(started);
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{count} seeds from {first}: {steps} steps, {simulated.TotalHours:0.0} simulated hours, longest repair {longest.TotalSeconds:0} s, " +
            $"in {took.TotalSeconds:0.0} s"));
        return 0;
    }

    private static async Task<int> FindUnobservedAsync(int first, int last, TextWriter output)
    {
        for (int seed = first; seed <= last; seed++)
        {
            if ((await PlayAsync(new RunSpec(seed))).Violation is not null) return await ReportAsync(new RunSpec(seed), output);
        }

        await output.WriteLineAsync(
            $"BROKEN {first}: I5: nobody observed an exception of one of the seeds {first} to {last}, and none of them shows it alone");
        return 1;
    }

    private static async Task<int> ReportAsync(RunSpec spec, TextWriter output)
    {
        RunResult result = await PlayAsync(spec);
        await output.WriteLineAsync($"BROKEN {spec} at {result.At.TotalSeconds:0.000} s: {result.Violation}");
        RunSpec smallest = await Shrinker.ShrinkAsync(spec, static async candidate => (await PlayAsync(candidate)).Violation is not null);
        RunResult shrunk = await PlayAsync(smallest);
        await output.WriteLineAsync($"SHRUNK to {smallest} ({shrunk.Steps} steps): {shrunk.Violation}");
        await output.WriteLineAsync($"Replay it with FLANNEL_SIMULATION_SEED={smallest}, or: dotnet Flannel.Simulation.dll replay {smallest}");
        return 1;
    }

    private static async Task<int> ReplayAsync(RunSpec spec, TextWriter output)
    {
        RunResult result = await PlayAsync(spec, output.WriteLine);
        await output.WriteLineAsync(
            $"{spec}: {result.Violation ?? "nothing was broken"} ({result.Steps} steps, {result.At.TotalSeconds:0.0} s, trace {result.Trace:x16})");
        return result.Violation is null ? 0 : 1;
    }

    /// <summary>Plays a run, and looks for exceptions that nobody observed.</summary>
    private static async Task<RunResult> PlayAsync(RunSpec spec, Action<string>? log = null)
    {
        RunResult result = await SimulationRun.PlayAsync(spec, log);
        return Unobserved.Collect() is { } error
            ? result with { Violation = result.Violation ?? $"I5: nobody observed an exception: {error}" }
            : result;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
