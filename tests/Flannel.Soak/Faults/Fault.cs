using Flannel.Soak.Agents;

namespace Flannel.Soak.Faults;

/// <summary>Something that goes wrong.</summary>
/// <param name="Name">What.</param>
/// <param name="Rows">Its rows in the table of docs/reliability.md.</param>
/// <param name="Needs">Which hosts it can happen to.</param>
/// <param name="Loses">Whether packets from and to the host may be lost meanwhile; with none of these a single lost packet is a violation.</param>
/// <param name="Holds">Whether it stays broken until it is let go of; else it is for the agent to mend from the first moment on.</param>
/// <param name="RunAsync">Breaks it, holds it, and lets go of it. Returns what went wrong on the way, or <see langword="null"/>.</param>
internal sealed record Fault(string Name, string Rows, Target Needs, bool Loses, bool Holds, Func<SoakAgent, Random, Task<string?>> RunAsync);

/// <summary>Which hosts a fault can happen to.</summary>
internal enum Target
{
    /// <summary>It happens to the store.</summary>
    None,

    /// <summary>Any host.</summary>
    Any,

    /// <summary>One whose agent may be ended or stand still.</summary>
    Disturbable,
}
