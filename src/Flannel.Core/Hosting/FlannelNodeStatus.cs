using System.Collections.Immutable;
using Flannel.Core.State;

namespace Flannel;

/// <summary>Everything a node knows about itself at one moment. Immutable.</summary>
public sealed record FlannelNodeStatus
{
    /// <summary>Where the node is in its life.</summary>
    public FlannelNodeState State { get; init; }

    /// <summary>
    /// Why the node is in that state and what else an operator should know, also when it is ready; empty when there is nothing to say.
    /// </summary>
    public string Reason { get; init; } = "";

    /// <summary>The error behind the state, or <see langword="null"/>.</summary>
    public Exception? Error { get; init; }

    /// <summary>
    /// Whether containers can use the overlay: the lease is held, the first peers have been programmed, and nothing is known that keeps packets from
    /// travelling. It turns back when that is no longer so.
    /// </summary>
    public bool IsReady { get; init; }

    /// <summary>
    /// Whether the node does its work: <see langword="false"/> only after an error of this library has ended it, which a restart of the program cures
    /// and nothing else. A node that waits for its store is alive, and so is one that was stopped.
    /// </summary>
    public bool IsAlive { get; init; } = true;

    /// <summary>Why the lease store is away, or <see langword="null"/> as far as is known.</summary>
    public StoreException? StoreError { get; init; }

    /// <summary>
    /// Whether the subnet file says what this node has to tell; <see langword="false"/> before it is written for the first time, while it cannot be
    /// written, and without one.
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

    /// <summary>
    /// Whether the data path is as <see cref="Peers"/> need it, those in <see cref="PeerProblems"/> excepted. It is <see langword="false"/> for a
    /// moment after each change: until then a new peer is not reached, and a way to one that left may still be there.
    /// </summary>
    public bool IsConverged { get; init; }

    /// <summary>The condition of the guard, or <see langword="null"/> if there is none.</summary>
    public GuardStatus? Guard { get; init; }

    /// <summary>The peers that the backend cannot program at present, each with the reason.</summary>
    public ImmutableDictionary<SubnetKey, string> PeerProblems { get; init; } = ImmutableDictionary<SubnetKey, string>.Empty;

    /// <summary>The leases that are refused, each with the reason; at most <see cref="FlannelOptions.MaxQuarantined"/> of them.</summary>
    public IReadOnlyList<QuarantinedLease> Quarantined { get; init; } = [];

    /// <summary>How many leases are refused.</summary>
    public int QuarantinedCount { get; init; }

    /// <summary>How many leases are not followed because the store holds more than <see cref="FlannelOptions.MaxPeers"/>.</summary>
    public int PeersLeftOut { get; init; }

    /// <summary>
    /// How many of <see cref="Peers"/> are gone from the store and kept for a while, because more than half of them left it together
    /// (<see cref="FlannelOptions.MassRemovalGracePeriod"/>).
    /// </summary>
    public int PeersRetained { get; init; }

    /// <summary>What of the network configuration in the store the node does not follow until it is restarted, or <see langword="null"/>.</summary>
    public PendingConfig? PendingConfig { get; init; }

    /// <summary>Reads what went to a peer and came from it; shown by <see cref="IFlannelNode.Peers"/>.</summary>
    internal Func<SubnetKey, PeerStatistics?>? ReadStatistics { get; init; }

    /// <summary>Whether two statuses say the same, whatever collections they hold it in.</summary>
    /// <param name="other">The other status.</param>
    public bool Equals(FlannelNodeStatus? other) =>
        ReferenceEquals(this, other)
        || (other is not null && Simple.Equals(other.Simple)
            && Contents.AreSame(PeerProblems, other.PeerProblems) && Contents.AreSame(Quarantined, other.Quarantined)
            && Contents.AreSame(Peers, other.Peers));

    /// <inheritdoc/>
    public override int GetHashCode() => Simple.GetHashCode();

    /// <summary>The status on one line, as an operator would put it.</summary>
    public override string ToString()
    {
        string lease = Lease is null
            ? ""
            : $", {Lease.Key}{(ExternalInterface is null ? "" : $" over {ExternalInterface.Name}")}{(Mtu is null ? "" : $", MTU {Mtu}")}";
        string refused = QuarantinedCount == 0 ? "" : $", {QuarantinedCount} leases refused";
        string reason = Reason.Length == 0 ? "" : $": {Reason}";
        return $"{State}{lease}, {Peers.Count} peers{refused}{reason}";
    }

    // Everything but the collections.
    private (
        (FlannelNodeState, string, Exception?, bool, bool, bool, bool), StoreException?, NetworkConfig?, ExternalInterface?, Lease?, int?,
        (int, int, int, int, int), PendingConfig?, object?, GuardStatus?) Simple => (
            (State, Reason, Error, IsReady, IsAlive, IsSubnetFileCurrent, IsConverged), StoreError, Config, ExternalInterface, Lease, Mtu,
            (QuarantinedCount, PeersLeftOut, Peers.Count, PeersRetained, PeerProblems.Count), PendingConfig, ReadStatistics, Guard);
}
