namespace Flannel.Core.Leases.Peers;

/// <summary>A peer that has left and is still reported as there.</summary>
/// <param name="Peer">The peer as it was told last.</param>
/// <param name="Due">When it departs.</param>
/// <param name="IsOfMass">Whether it is held for longer because most left together.</param>
internal readonly record struct HeldPeer(Lease Peer, TimeSpan Due, bool IsOfMass);
