namespace Flannel.Core.Leases;

/// <summary>What changed among the peers since the last snapshot or changes. Only real differences are listed.</summary>
/// <param name="Changes">The changes, at most one per subnet.</param>
/// <param name="Revision">The store revision up to which the changes reach.</param>
public sealed record LeaseChanges(IReadOnlyList<LeaseChange> Changes, long Revision) : LeaseWatchResult;
