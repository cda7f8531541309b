namespace Flannel.Core.Leases.Peers;

/// <summary>Leases that were refused and not reported before.</summary>
/// <param name="Count">How many.</param>
/// <param name="Examples">The first few of them.</param>
internal readonly record struct RefusedLeases(int Count, IReadOnlyList<QuarantinedLease> Examples);
