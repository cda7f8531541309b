using Flannel.Core.Administration;
using Flannel.Core.Stores;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel;

/// <summary>
/// What an operator does to a network, from code: its configuration, its leases, its reservations, straight in the lease store. It needs no node, no
/// backend and no rights on this host, only a store (<c>services.AddFlannelAdministration().UseEtcd()</c>); beside a node it is registered as well.
/// Resolved as keyed by the network's name, for the default network also without a key.
/// </summary>
/// <remarks>
/// <para>Every write compares first, so that nothing is lost that somebody else wrote meanwhile: then it ends by a
/// <see cref="StoreConflictException"/>, and nothing was written.</para>
/// <para>Besides what each method names, every one throws a <see cref="StoreException"/> if the store does not answer or refuses, and a
/// <see cref="StoreNotSupportedException"/> if it cannot do what is asked. All members are safe for concurrent use.</para>
/// </remarks>
public interface IFlannelAdministration
{
    /// <summary>Administers a network over its store, without registering anything: one that was made while the process runs, for example.</summary>
    /// <param name="store">The network's store, such as <see cref="IFlannelNode.Store"/>; whoever made it disposes of it.</param>
    /// <param name="timeProvider">The clock; <see langword="null"/> for the system's.</param>
    /// <param name="loggerFactory">Where to log; <see langword="null"/> logs nothing.</param>
    static IFlannelAdministration Over(ILeaseStore store, TimeProvider? timeProvider = null, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        return new FlannelAdministration(
            "",
            DeadlineLeaseStore.OfAdministration(store, timeProvider ?? TimeProvider.System),
            static () => [],
            (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<FlannelAdministration>());
    }

    /// <summary>The network's name in this process; empty for the default network, and over a store.</summary>
    string Name { get; }

    /// <summary>Reads the network configuration.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The configuration, usable or not; <see langword="null"/> if there is none.</returns>
    Task<StoredNetworkConfig?> GetConfigAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Writes the network configuration. It is checked first by the rules of a node, and against the leases there are; keys of the document there is
    /// that mean nothing to Flannel are kept. Nodes notice at once and follow as far as they can while running (see <see cref="PendingConfig"/>).
    /// </summary>
    /// <param name="config">The configuration.</param>
    /// <param name="options">Conditions; <see langword="null"/> for the default ones.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The document as written, or as it was if it said the same already.</returns>
    /// <exception cref="NetworkConfigException">
    /// No node could use it, or it has no place for leases that exist (<see cref="NetworkConfigException.StrandedLeases"/>); every problem is listed.
    /// </exception>
    /// <exception cref="StoreConflictException">The document has not <see cref="ConfigWriteOptions.ExpectedRevision"/>.</exception>
    Task<StoredNetworkConfig> SetConfigAsync(NetworkConfig config, ConfigWriteOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Writes the network configuration byte for byte as given, after the same checks. Nothing of the document there is remains, unknown keys
    /// included.
    /// </summary>
    /// <param name="json">The document.</param>
    /// <param name="options">Conditions; <see langword="null"/> for the default ones.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The document as written, or as it was if it was the same already.</returns>
    /// <exception cref="NetworkConfigException">As of the other overload.</exception>
    /// <exception cref="StoreConflictException">The document has not <see cref="ConfigWriteOptions.ExpectedRevision"/>.</exception>
    Task<StoredNetworkConfig> SetConfigAsync(string json, ConfigWriteOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Reads the network configuration, lets it be changed and writes it; again from the start if somebody else was faster.</summary>
    /// <param name="change">Makes the new configuration from the one there is; may be called more than once.</param>
    /// <param name="options">Conditions; <see langword="null"/> for the default ones.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The document as written, or as it was if nothing changed.</returns>
    /// <exception cref="NetworkConfigException">There is no usable configuration to change, or the changed one breaks rules.</exception>
    /// <exception cref="StoreConflictException">
    /// The document has not <see cref="ConfigWriteOptions.ExpectedRevision"/>, or is rewritten all the time.
    /// </exception>
    Task<StoredNetworkConfig> UpdateConfigAsync(
        Func<NetworkConfig, NetworkConfig> change, ConfigWriteOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Deletes the network configuration. Nodes that run go on with the one they have; none can start.</summary>
    /// <param name="options">Conditions; <see langword="null"/> for the default ones.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="NetworkConfigException">There are leases still (<see cref="NetworkConfigException.StrandedLeases"/>).</exception>
    /// <exception cref="StoreConflictException">The document has not <see cref="ConfigWriteOptions.ExpectedRevision"/>.</exception>
    Task<bool> DeleteConfigAsync(ConfigWriteOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Lists everything below the subnets' directory at one revision: leases, reservations, and what nodes refuse, each with its holder.
    /// </summary>
    /// <param name="withTimeLeft">
    /// Whether to ask how long each lease lives (<see cref="StoredLease.TimeLeft"/>). etcd has to be asked once per lease, as flannel does.
    /// </param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The leases, in the order of their keys.</returns>
    Task<IReadOnlyList<StoredLease>> ListLeasesAsync(bool withTimeLeft = false, CancellationToken cancellationToken = default);

    /// <summary>
    /// Keeps a subnet for a host, found by its public address: nobody else gets it, and when the host starts it takes it, for good. A lease that the
    /// host holds on this subnet becomes a reservation; asking again changes nothing.
    /// </summary>
    /// <param name="subnets">The subnets: one of those that the configuration lets nodes lease.</param>
    /// <param name="holder">At least the host's public address: <c>PublicIP</c>, or <c>PublicIPv6</c> in an IPv6-only network.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ArgumentException"><paramref name="subnets"/> was never set.</exception>
    /// <exception cref="LeaseRefusedException">The subnet cannot be the host's; <see cref="LeaseRefusedException.Reason"/> says why.</exception>
    /// <exception cref="NetworkConfigException">There is no usable configuration.</exception>
    /// <exception cref="StoreConflictException">Somebody else took the subnet meanwhile.</exception>
    Task<StoredLease> ReserveAsync(SubnetKey subnets, LeaseAttributes holder, CancellationToken cancellationToken = default);

    /// <summary>Turns a lease into a reservation: it never ends. Its holder notices nothing but that there is nothing to renew.</summary>
    /// <param name="lease">The lease as last seen.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="LeaseRefusedException">
    /// It names no subnets or no holder, or the configuration would not let its holder lease the subnets when it starts again.
    /// </exception>
    /// <exception cref="NetworkConfigException">There is no usable configuration.</exception>
    /// <exception cref="StoreConflictException">It was changed or deleted meanwhile.</exception>
    Task<StoredLease> ReserveAsync(StoredLease lease, CancellationToken cancellationToken = default);

    /// <summary>
    /// Turns a reservation into a lease that ends unless it is renewed. A holder that runs renews it at once and keeps it; one that does not loses
    /// the subnet in time.
    /// </summary>
    /// <param name="lease">The reservation as last seen.</param>
    /// <param name="timeToLive">How long it lives without renewal; a holder that runs replaces it by its own. etcd counts whole seconds.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timeToLive"/> is not positive.</exception>
    /// <exception cref="StoreConflictException">It was changed or deleted meanwhile.</exception>
    Task<StoredLease> EndReservationAsync(StoredLease lease, TimeSpan timeToLive, CancellationToken cancellationToken = default);

    /// <summary>
    /// Deletes what stands under a key: a lease, a reservation, or something that is neither. To take a subnet from a host for good, stop its node
    /// first: one of this library that runs takes the same subnet again within moments unless somebody else has it by then (its peers do not drop it
    /// within their grace period), and flannel ends.
    /// </summary>
    /// <param name="lease">The lease as last seen.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Whether it was there still.</returns>
    /// <exception cref="StoreConflictException">It was changed meanwhile.</exception>
    Task<bool> RevokeAsync(StoredLease lease, CancellationToken cancellationToken = default);

    /// <summary>
    /// Deletes what can be nobody's, one key after the other: leases whose documents nobody can read, and leases outside the network (a host that
    /// runs takes its own again). Readable reservations are left to whoever made them, and so are keys that name no subnets: nodes of flannel drop
    /// all their peers when such a key is written or deleted; <see cref="RevokeAsync"/> deletes one.
    /// </summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>What was deleted.</returns>
    /// <exception cref="NetworkConfigException">There is no usable configuration.</exception>
    Task<IReadOnlyList<StoredLease>> PruneAsync(CancellationToken cancellationToken = default);
}
