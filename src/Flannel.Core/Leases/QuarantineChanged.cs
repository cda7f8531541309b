namespace Flannel.Core.Leases;

/// <summary>The set of leases that are refused changed.</summary>
/// <param name="Leases">Every lease that is refused now.</param>
public sealed record QuarantineChanged(IReadOnlyList<QuarantinedLease> Leases) : LeaseWatchResult;
