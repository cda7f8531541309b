namespace Flannel.Extensibility;

/// <summary>What a <see cref="PeerTracker"/> goes by.</summary>
public sealed record PeerLimits
{
    /// <summary>How many peers are followed; what the store holds beyond that is counted. Default 100,000.</summary>
    public int MaxPeers { get; init; } = 100_000;

    /// <summary>How many refused entries are remembered with their reasons; the others are counted. Default 1,000.</summary>
    public int MaxQuarantined { get; init; } = 1000;

    /// <summary>How long a peer that is gone is still reported as there, in case it comes back at once. Default: not at all.</summary>
    public TimeSpan GracePeriod { get; init; }

    /// <summary>
    /// How long peers are still reported as there when more than half of them, and at least three, go within moments of each other, or all of them,
    /// and at least two, in one step: a mistake in the store is likelier than that. Default: no longer than one.
    /// </summary>
    public TimeSpan MassRemovalGracePeriod { get; init; }

    /// <summary>
    /// Whether the store's cluster gives the subnets by its own rules, so that a subnet of any length inside the network is right. Default
    /// <see langword="false"/>: four subnets of one host each must fit into the network.
    /// </summary>
    public bool AreSubnetsAssigned { get; init; }
}
