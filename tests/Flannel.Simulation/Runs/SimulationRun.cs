using Flannel.Simulation.Faults;
using Flannel.Simulation.Models;
using Flannel.Simulation.Rules;

namespace Flannel.Simulation.Runs;

/// <summary>
/// One run: hosts start, faults happen, everything is mended, everything comes to rest, one node is stopped. Some rules are checked at every write,
/// the others every other simulated second and at the end.
/// </summary>
internal sealed class SimulationRun
{
    /// <summary>How long faults happen.</summary>
    private static readonly TimeSpan FaultyTime = TimeSpan.FromMinutes(5);

    /// <summary>I3: how long it may take from the end of the faults to the desired state.</summary>
    private static readonly TimeSpan RepairLimit = TimeSpan.FromMinutes(2.5);

    /// <summary>After what time an operator does what a node that is not ready asks for.</summary>
    private static readonly TimeSpan OperatorPause = TimeSpan.FromSeconds(60);

    /// <summary>How long it is watched that nothing is touched any more.</summary>
    private static readonly TimeSpan RestTime = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(2);

    // Fifty times what a run takes.
    private const int MostSteps = 100_000;

    private readonly World _world;
    private readonly FaultInjector _injector;
    private readonly VisibilityRules _visibility;
    private readonly IReadOnlyList<Fault> _faults;

    private SimulationRun(RunSpec spec, Action<string>? log)
    {
        (int hosts, IReadOnlyList<Fault> faults) = FaultPlan.Draw(spec.Seed, FaultyTime);
        _faults = spec.Faults is { } chosen ? [.. faults.Where(fault => chosen.Contains(fault.Index))] : faults;
        _world = new World(spec.Seed, spec.Hosts ?? hosts, log);
        _injector = new FaultInjector(_world);
        _visibility = new VisibilityRules(_world);
    }

    private TimeSpan Now => _world.Scheduler.Now;

    /// <summary>Plays a run.</summary>
    /// <param name="spec">Which.</param>
    /// <param name="log">Told of everything that happens; <see langword="null"/> for nobody.</param>
    public static async Task<RunResult> PlayAsync(RunSpec spec, Action<string>? log = null)
    {
        var run = new SimulationRun(spec, log);
        using World world = run._world;
        TimeSpan repair = await run.PlayAsync();
        return new RunResult(world.Safety.Violation, world.Scheduler.Now, world.Scheduler.Steps, world.Scheduler.Trace, repair);
    }

    private async Task<TimeSpan> PlayAsync()
    {
        foreach (SimulatedHost host in _world.Hosts)
            _world.Scheduler.After(TimeSpan.FromMilliseconds(_world.Scheduler.Random.Next(2000)), "start", null, host.Start);
        foreach (Fault fault in _faults) _world.Scheduler.After(fault.At, "fault", null, () => _injector.Begin(fault));
        _world.Scheduler.After(LookInterval, "look", null, Look);

        TimeSpan end = _faults.Count == 0 ? TimeSpan.FromSeconds(30) : _faults.Max(static fault => fault.At + fault.Duration);
        if (!await AdvanceAsync(end)) return default;
        _world.Scheduler.After(TimeSpan.Zero, "mend", null, _injector.EndAll);
        _world.Scheduler.After(OperatorPause, "restart", null, _injector.RestartDispossessed);
        if (!await AdvanceAsync(Now)) return default;
        string? missing = null;
        TimeSpan mended = Now;
        while ((missing = ConvergenceRules.FindMissing(_world)) is not null)
        {
            if (Now - mended > RepairLimit)
            {
                _world.Safety.Break($"I3: {RepairLimit.TotalSeconds} s after the last fault, {missing}");
                return default;
            }

            if (!await AdvanceAsync(Now + LookInterval)) return default;
        }

        TimeSpan repair = Now - mended;
        if (!await AdvanceAsync(Now + TimeSpan.FromSeconds(5))) return default;
        if (!await RestAsync()) return default;
        await StopAsync();
        return repair;
    }

    /// <summary>Whoever has what is desired touches nothing.</summary>
    private async Task<bool> RestAsync()
    {
        (long, int) before = (_world.Store.Revision, _world.AllHosts.Sum(static host => host.Kernel.Writes));
        if (!await AdvanceAsync(Now + RestTime)) return false;
        (long, int) after = (_world.Store.Revision, _world.AllHosts.Sum(static host => host.Kernel.Writes));
        if (ConvergenceRules.FindMissing(_world) is { } missing) _world.Safety.Break($"I3: it did not last: {missing}");
        else if (before != after && _world.Strays.Count == 0)
            _world.Safety.Break($"I1: nothing happens, and still the store's revision or the kernels' writes went from {before} to {after}");
        return _world.Safety.Violation is null;
    }

    // One shows as much as all of them.
    private async Task StopAsync()
    {
        SimulatedHost last = _world.Hosts[^1];
        _world.Scheduler.After(TimeSpan.Zero, "stop", null, () => last.Stop(StopMode.Detach));
        if (await AdvanceAsync(Now + TimeSpan.FromSeconds(8)) && last.Life is not null) _world.Safety.Break($"I5: {last.Name} did not stop");
        foreach (SimulatedHost host in _world.AllHosts) host.Crash();
    }

    /// <summary>Lets everything happen until a time, or until a rule is broken.</summary>
    /// <returns>Whether no rule was broken.</returns>
    private async ValueTask<bool> AdvanceAsync(TimeSpan until)
    {
        while (_world.Safety.Violation is null && await _world.Scheduler.StepAsync(until))
        {
            _world.Safety.NoteDisturbances();
            _world.Duplicates.Check();
        }

        return _world.Safety.Violation is null;
    }

    private void Look()
    {
        if (_world.Scheduler.Steps > MostSteps)
            _world.Safety.Break($"I3: more than {MostSteps} steps in {Now.TotalSeconds:0} s: something is tried again without a pause");
        _world.Scheduler.After(LookInterval, "look", null, Look);
        foreach (SimulatedHost host in _world.AllHosts)
        {
            _world.Safety.CheckKernel(host);
            _world.Scheduler.Note(host.Life?.Node.Status.State.ToString() ?? "none");
        }

        _visibility.Check();
        _world.Duplicates.CheckAlone();
    }
}
