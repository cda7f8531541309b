using Flannel.Core.Leases;

namespace Flannel.Extensibility;

/// <summary>
/// The policy of subnet leases: which subnet a node gets, how it keeps it, and which other nodes there are. <see cref="SubnetManager"/> implements
/// it over any <see cref="ILeaseStore"/>; a store whose cluster assigns the subnets itself (Kubernetes) implements it directly.
/// </summary>
public interface ISubnetManager
{
    /// <summary>Reads the store once. Configuration, own lease, acquisition and watch all follow from what was read, so a node that starts lists once.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">The store did not answer.</exception>
    Task<ISubnetView> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Gives a lease back, if it is still the one given. A reservation is left in place.</summary>
    /// <param name="lease">The lease to give back, as last returned.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">The store did not answer.</exception>
    Task ReleaseAsync(Lease lease, CancellationToken cancellationToken);

    /// <summary>
    /// Retires every connection to the store, because the host's address or external interface has changed. Never throws; ends within seconds. Does nothing
    /// by default.
    /// </summary>
    Task ResetConnectionsAsync() => Task.CompletedTask;
}
