namespace Flannel.Core.Leases;

/// <summary>One peer that came, changed or went.</summary>
/// <param name="Before">The peer as it was, or <see langword="null"/> if it is new.</param>
/// <param name="After">The peer as it is, or <see langword="null"/> if it left.</param>
public readonly record struct LeaseChange(Lease? Before, Lease? After);
