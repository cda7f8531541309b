using Flannel.Soak.Faults;

namespace Flannel.Soak.Reports;

/// <summary>What became of one fault.</summary>
/// <param name="Fault">The fault.</param>
/// <param name="Repair">From letting go of it to the last packet that was lost by it; zero if none was lost after that.</param>
/// <param name="Lost">How many packets were lost by it.</param>
/// <param name="Settled">From letting go of it until every agent, the kernel of every host and the store were as they have to be.</param>
internal sealed record FaultRecord(Fault Fault, TimeSpan Repair, int Lost, TimeSpan Settled);
