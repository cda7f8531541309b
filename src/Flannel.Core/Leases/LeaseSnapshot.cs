namespace Flannel.Core.Leases;

/// <summary>All peers at one store revision. Whoever is not in it is gone.</summary>
/// <param name="Peers">Every accepted lease but the own one.</param>
/// <param name="Revision">The store revision that the snapshot shows.</param>
public sealed record LeaseSnapshot(IReadOnlyList<Lease> Peers, long Revision) : LeaseWatchResult;
