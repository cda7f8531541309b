using System.Collections.Immutable;

namespace Flannel;

/// <summary>Everything a node knows about itself at one moment. Immutable.</summary>
public sealed record FlannelNodeStatus
{
    /// <summary>Where the node is in its life.</summary>
    public FlannelNodeState State { get; init; }

    /// <summary>Why the node is in that state and what else an operator should know, also when it is ready; empty when there is nothing to say.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The error behind the state, or <see langword="null"/>.</summary>
    public Exception? Error { get; init; }

    /// <summary>
    /// Whether containers can use the overlay: the lease is held, the first peers have been programmed, and nothing is known that keeps packets from travelling.
    /// It turns back when that is no longer so.
    /// </summary>
    public bool IsReady { get; init; }

    /// <summary>
    /// Whether the subnet file says what this node has to tell; <see langword="false"/> before it is written for the first time, while it cannot be written,
    /// and without one.
    /// </summary>
    public bool IsSubnetFileCurrent { get; init; }

    /// <summary>The network's configuration, once read.</summary>
    public NetworkConfig? Config { get; init; }

    /// <summary>The interface that carries the outer packets, once chosen.</summary>
    public ExternalInterface? ExternalInterface { get; init; }

    /// <summary>The node's lease, once acquired.</summary>
    public Lease? Lease { get; init; }

    /// <summary>The overlay's MTU in bytes, once known.</summary>
    public int? Mtu { get; init; }

    /// <summary>The accepted leases of the other nodes.</summary>
    public ImmutableDictionary<SubnetKey, Lease> Peers { get; init; } = ImmutableDictionary<SubnetKey, Lease>.Empty;

    /// <summary>The peers that the backend cannot program at present, each with the reason.</summary>
    public ImmutableDictionary<SubnetKey, string> PeerProblems { get; init; } = ImmutableDictionary<SubnetKey, string>.Empty;

    /// <summary>The leases that are refused, each with the reason; at most <see cref="FlannelOptions.MaxQuarantined"/> of them.</summary>
    public IReadOnlyList<QuarantinedLease> Quarantined { get; init; } = [];

    /// <summary>How many leases are refused.</summary>
    public int QuarantinedCount { get; init; }

    /// <summary>How many leases are not followed because the store holds more than <see cref="FlannelOptions.MaxPeers"/>.</summary>
    public int PeersLeftOut { get; init; }

    /// <summary>What of the network configuration in the store the node does not follow until it is restarted, or <see langword="null"/>.</summary>
    public PendingConfig? PendingConfig { get; init; }

    /// <summary>Reads what went to a peer and came from it; shown by <see cref="IFlannelNode.Peers"/>.</summary>
    internal Func<SubnetKey, PeerStatistics?>? ReadStatistics { get; init; }
}
