using System.Globalization;
using Flannel.Lab.Processes;
using Flannel.Simulation.Runs;
using Xunit.Abstractions;

namespace Flannel.Simulation.Tests;

/// <summary>
/// The simulation, run as a program of its own, because its thread pool has one thread. FLANNEL_SIMULATION_SEEDS says how many seeds are played,
/// FLANNEL_SIMULATION_FIRST which is the first, FLANNEL_SIMULATION_SEED plays one run and writes down everything that happens in it.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int DefaultSeeds = 2000;
    private const int Processes = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    [SkippableFact]
    public async Task ManySeeds_BreakNoRule()
    {
        if (Environment.GetEnvironmentVariable("FLANNEL_SIMULATION_SEED") is { Length: > 0 } one)
        {
            await RunAsync(1, "replay", one);
            return;
        }

        int first = Read("FLANNEL_SIMULATION_FIRST", 1);
        int seeds = Math.Max(Processes, Read("FLANNEL_SIMULATION_SEEDS", DefaultSeeds));
        int share = seeds / Processes;
        await Task.WhenAll(Enumerable.Range(0, Processes).Select(process =>
            RunAsync(seeds, "run", Text(first + (process * share)), Text(process == 0 ? share : seeds - share))));
    }

    [SkippableFact]
    public async Task OneSeed_PlayedTwice_LeavesOneTrace()
    {
        string once = await RunAsync(1, "trace", "1", "40");
        string again = await RunAsync(1, "trace", "1", "40");

        Assert.Equal(40, once.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(once, again);
    }

    private async Task<string> RunAsync(int seeds, params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, typeof(SimulationRun).Assembly.GetName().Name + ".dll");
        // What is asked for beyond the usual takes its time.
        TimeSpan limit = Patience * Math.Max(1, seeds / DefaultSeeds);
        (int exitCode, string text) = await DotnetCommand.RunAsync(AppContext.BaseDirectory, limit, [program, .. arguments]);
        output.WriteLine(text);
        Assert.True(exitCode == 0, text);
        return text;
    }

    private static int Read(string variable, int usual) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : usual;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
