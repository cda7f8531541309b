namespace Flannel;

/// <summary>A key of the store that was refused: it is counted and reported, never applied, and harms no other lease.</summary>
/// <param name="Key">The key as it stands in the store, below the subnets' directory.</param>
/// <param name="Reason">Which rule it breaks, with the value found.</param>
/// <param name="Revision">The store revision of the refused document.</param>
public sealed record QuarantinedLease(string Key, string Reason, long Revision);
