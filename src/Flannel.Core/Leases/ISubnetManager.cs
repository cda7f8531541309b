using Flannel.Core.Configuration;
using Flannel.Core.Diagnostics;

namespace Flannel.Core.Leases;

/// <summary>
/// The policy of subnet leases: which subnet a node gets, how it keeps it, and which other nodes there are. <see cref="SubnetManager"/> implements
/// it over any <see cref="Stores.ILeaseStore"/>; a store whose cluster assigns the subnets itself (Kubernetes) implements it directly.
/// </summary>
public interface ISubnetManager
{
    /// <summary>Reads and validates the network configuration.</summary>
    /// <remarks>
    /// What was read with it may also serve the next <see cref="FindAsync"/>, the next <see cref="AcquireAsync"/> and the watch that follows, once each, so
    /// that a node that starts reads the store once.
    /// </remarks>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="NetworkConfigException">The document is missing or breaks a rule; the exception lists every problem.</exception>
    /// <exception cref="StoreException">The store did not answer.</exception>
    Task<NetworkConfig> GetNetworkConfigAsync(CancellationToken cancellationToken);

    /// <summary>Finds the lease that already belongs to the node (by its public addresses) without changing anything.</summary>
    /// <param name="request">The network and the identity to look for.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The node's lease, or <see langword="null"/> if it has none that fits the network.</returns>
    /// <exception cref="StoreException">The store did not answer.</exception>
    Task<Lease?> FindAsync(LeaseRequest request, CancellationToken cancellationToken);

    /// <summary>Takes a subnet: the node's own lease if it has one, else its previous subnet if nobody holds it, else a free one.</summary>
    /// <param name="request">The network, what to publish, and the subnet held before.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="SubnetPoolExhaustedException">Every subnet of the network is taken.</exception>
    /// <exception cref="StoreException">The store did not answer.</exception>
    Task<Lease> AcquireAsync(LeaseRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps the lease (renews it, takes it again after it was lost) and watches the others. The first peers come as one
    /// <see cref="LeaseSnapshot"/>; a store that goes away is reported and waited for, it does not end the sequence.
    /// </summary>
    /// <remarks>
    /// If leases are refused at the start, a <see cref="QuarantineChanged"/> comes right before that snapshot. Afterwards there are only differences,
    /// also when the store was away or had forgotten what happened meanwhile: a peer that did not change is not mentioned. The lease is kept as
    /// long as the sequence is read, so its reader must not dwell on an item. The sequence ends only by an <see cref="OperationCanceledException"/>.
    /// </remarks>
    /// <param name="request">The request that acquired the lease.</param>
    /// <param name="own">The lease to keep, as last returned.</param>
    /// <param name="cancellationToken">Ends the sequence; the lease stays in the store.</param>
    IAsyncEnumerable<LeaseWatchResult> WatchAsync(LeaseRequest request, Lease own, CancellationToken cancellationToken);

    /// <summary>Gives the lease back, if it is still the one given. A reservation is left in place.</summary>
    /// <param name="lease">The lease to give back, as last returned.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">The store did not answer.</exception>
    Task ReleaseAsync(Lease lease, CancellationToken cancellationToken);
}
