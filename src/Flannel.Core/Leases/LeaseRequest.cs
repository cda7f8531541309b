using Flannel.Core.Leases.Peers;

namespace Flannel.Extensibility;

/// <summary>What a node asks of its <see cref="ISubnetManager"/>.</summary>
public sealed record LeaseRequest
{
    /// <summary>The network to lease from.</summary>
    public required NetworkConfig Config { get; init; }

    /// <summary>
    /// What to publish with the lease. Its public addresses are also the node's identity: a lease that carries them is the node's own.
    /// </summary>
    public required LeaseAttributes Attributes { get; init; }

    /// <summary>The subnet the node had before, taken again if nobody holds it. Usually read from the subnet file.</summary>
    public SubnetKey? PreviousSubnet { get; init; }

    /// <summary>
    /// The lease that the node has held until now under other public addresses: the node's own as long as nobody else has written its key since, so
    /// that a host whose address changes keeps its subnet.
    /// </summary>
    public Lease? HeldLease { get; init; }

    /// <summary>
    /// The revision that this host's last write of <see cref="HeldLease"/> made, as far as it is remembered; 0 if not. A lease that stands like that
    /// under this node's address is claimed without waiting for an answer, which would still be noticed.
    /// </summary>
    internal long LastWrite { get; init; }

    /// <summary>What the node knows of its peers already, for the <see cref="PeerTracker"/>.</summary>
    internal PeerMemory? Peers { get; init; }

    /// <summary>
    /// The backend's opinion of a peer: <see langword="null"/> to accept it, else the reason why it is quarantined (a MAC that is no unicast
    /// address, another VNI). Must not throw.
    /// </summary>
    public Func<Lease, string?>? PeerRule { get; init; }

    /// <summary>
    /// Told what the acquisition is waiting for, in a sentence, if it waits for something that only somebody else can bring about (a cluster that
    /// has not given the host a subnet yet); shown in the node's status. <see langword="null"/> to tell nobody.
    /// </summary>
    public IProgress<string>? Progress { get; init; }
}
