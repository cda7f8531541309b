using Flannel.Simulation.Scheduling;

namespace Flannel.Simulation.Models;

/// <summary>Who listens to a kernel.</summary>
/// <param name="Process">Whose it is.</param>
/// <param name="OnEntry">Told of an entry and its value, or of its removal.</param>
/// <param name="OnDamage">Told that something larger changed: the device.</param>
/// <param name="OnLost">Told that notifications were lost.</param>
internal sealed record KernelMonitor(SimulatedProcess Process, Action<KernelKey, string?> OnEntry, Action OnDamage, Action OnLost);
