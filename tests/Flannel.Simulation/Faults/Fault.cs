namespace Flannel.Simulation.Faults;

/// <summary>One fault of a plan.</summary>
/// <param name="Index">Its place in the plan, by which replays name it.</param>
/// <param name="Kind">What happens.</param>
/// <param name="At">When it begins.</param>
/// <param name="Duration">How long it lasts, if it does.</param>
/// <param name="Host">Whom it happens to, counted modulo the number of hosts.</param>
/// <param name="Salt">Chooses what it leaves open, whatever else the run contains.</param>
internal sealed record Fault(int Index, FaultKind Kind, TimeSpan At, TimeSpan Duration, int Host, int Salt)
{
    public override string ToString() => $"{Index}: {Kind} of host {Host} at {At.TotalSeconds:0.0} s for {Duration.TotalSeconds:0.0} s";
}
