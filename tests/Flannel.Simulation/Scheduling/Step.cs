namespace Flannel.Simulation.Scheduling;

/// <summary>One thing that happens, all at once.</summary>
/// <param name="what">What, in a word; part of the trace.</param>
/// <param name="process">Whom it happens to; <see langword="null"/> for the world around.</param>
/// <param name="run">Makes it happen.</param>
internal sealed class Step(string what, SimulatedProcess? process, Action run)
{
    public string What => what;

    public SimulatedProcess? Process => process;

    public Action Run => run;

    /// <summary>Whether it does not happen after all, as a timer that was stopped.</summary>
    public bool IsVoid { get; set; }
}
