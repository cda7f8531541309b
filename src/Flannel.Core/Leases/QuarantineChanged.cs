namespace Flannel.Core.Leases;

/// <summary>The set of leases that are refused changed, or the number of those that are not followed.</summary>
/// <param name="Leases">The leases that are refused now; not all of them if <paramref name="Total"/> is larger.</param>
/// <param name="Total">How many leases are refused now.</param>
/// <param name="LeftOut">How many leases beside them are not followed, because the store holds more than the node's limit.</param>
public sealed record QuarantineChanged(IReadOnlyList<QuarantinedLease> Leases, int Total, int LeftOut) : LeaseWatchResult;
