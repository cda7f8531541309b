namespace Flannel.Extensibility;

/// <summary>
/// The policy of subnet leases: which subnet a node gets, how it keeps it, and which other nodes there are. Flannel has one over any
/// <see cref="ILeaseStore"/>; where a cluster assigns the subnets itself (Kubernetes), implement this instead and call <c>UseSubnetManager</c>.
/// </summary>
/// <remarks>
/// One object serves one network of one host, which calls it from one place at a time; <see cref="ResetConnectionsAsync"/> may come in between. Every
/// call ends soon after its token is cancelled. What is thrown is a <see cref="FlannelException"/>: the node shows its message, and goes by
/// <see cref="FlannelException.IsTransient"/>; whatever else is thrown counts as a defect and is tried again all the same. It is disposed of with the
/// network if it can be. Members that are added to this interface, <see cref="ISubnetView"/> or <see cref="ISubnetMembership"/> later have default
/// implementations.
/// </remarks>
public interface ISubnetManager
{
    /// <summary>
    /// Reads the store once. Configuration, own lease, acquisition and watch all follow from what was read, so a node that starts lists once.
    /// </summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">The store did not answer.</exception>
    Task<ISubnetView> OpenAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Gives a lease back, if it is still the one given. A reservation is left in place. End the membership's watch first: it would take the lease
    /// again.
    /// </summary>
    /// <param name="lease">The lease to give back, as last returned.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">The store did not answer.</exception>
    Task ReleaseAsync(Lease lease, CancellationToken cancellationToken);

    /// <summary>
    /// Retires every connection to the store, because the host's address or external interface has changed. Never throws; ends within seconds. Does
    /// nothing by default.
    /// </summary>
    Task ResetConnectionsAsync() => Task.CompletedTask;
}
