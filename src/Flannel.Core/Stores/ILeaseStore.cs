namespace Flannel.Extensibility;

/// <summary>
/// Revisioned storage of one network's configuration and leases. It knows keys, bytes, revisions and times to live, not what the documents mean;
/// that lets one bad document be refused without losing the others. Every write raises the store's revision: creating, updating, deleting, an entry's
/// end and the configuration's changes; a renewal may do so or not. A revision is never given twice. Implementations are safe for concurrent use and
/// pass the <c>LeaseStoreContract</c> of the package Flannel.Testing. Every cancelled call and watch ends by an <see
/// cref="OperationCanceledException"/>.
/// </summary>
public interface ILeaseStore
{
    /// <summary>Where the configuration is read from, for messages; for example <c>etcd key /coreos.com/network/config</c>.</summary>
    string ConfigSource { get; }

    /// <summary>
    /// The longest time that a healthy watch delivers nothing. A store on a network names one and keeps to it by delivering an empty
    /// <see cref="StoreChanges"/> whenever its server has proved that the watch is alive; a watch that is silent for longer counts as dead and is
    /// replaced, so the bound has to leave room for the probes that the store sends itself. <see langword="null"/> (default) for a store whose
    /// watches cannot die unnoticed.
    /// </summary>
    TimeSpan? MaxSilence => null;

    /// <summary>
    /// How long the store itself waits before a call fails, and between two parts of a list (<see cref="ListInPartsAsync"/>). A node gives a call at
    /// least this time, so that a store whose server may be slow is not given up before it answers. <see langword="null"/> (default) for a store
    /// whose calls end within 15 s.
    /// </summary>
    TimeSpan? LongestCall => null;

    /// <summary>
    /// Lists all entries, and the network configuration, at one revision. The documents are listed as they are, whatever stands in them.
    /// </summary>
    /// <param name="revision">
    /// The revision to list, or <see langword="null"/> for the newest one (a linearizable read). Nodes ask for the newest one only; a store need not
    /// remember past ones.
    /// </param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">
    /// The store did not answer, or does not remember <paramref name="revision"/> (not transient, <see cref="StoreErrorKind.Compacted"/>).
    /// </exception>
    Task<StoreSnapshot> ListAsync(long? revision, CancellationToken cancellationToken);

    /// <summary>
    /// Lists as <see cref="ListAsync"/> does and tells of every part that has come, for a store whose lists come in parts: the caller waits for one
    /// part no longer than for a call, and for all of them as long as they come. By default a list is one part.
    /// </summary>
    /// <param name="revision">The revision to list, or <see langword="null"/> for the newest one.</param>
    /// <param name="partCame">Called whenever a part has come. It returns at once and never throws.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">As of <see cref="ListAsync"/>.</exception>
    Task<StoreSnapshot> ListInPartsAsync(long? revision, Action partCame, CancellationToken cancellationToken) =>
        ListAsync(revision, cancellationToken);

    /// <summary>Creates an entry if the key does not exist.</summary>
    /// <param name="key">The key below the subnets' directory.</param>
    /// <param name="value">The document.</param>
    /// <param name="timeToLive">How long the entry lives without renewal, or <see langword="null"/> for a reservation.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">The store did not answer or refused.</exception>
    Task<StoreWriteResult> CreateAsync(string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive, CancellationToken cancellationToken);

    /// <summary>Replaces an entry's document if the entry is still the one given; its time to live restarts, a reservation stays one.</summary>
    /// <param name="expected">The entry as last seen; its <see cref="StoredEntry.ModRevision"/> is compared.</param>
    /// <param name="value">The new document.</param>
    /// <param name="timeToLive">The time to live of an entry that has one.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">The store did not answer or refused.</exception>
    Task<StoreWriteResult> UpdateAsync(StoredEntry expected, ReadOnlyMemory<byte> value, TimeSpan timeToLive, CancellationToken cancellationToken);

    /// <summary>
    /// Restarts an entry's time to live if the entry is still the one given. Peers need not notice: a store may renew without changing the
    /// revision. Renewing a reservation only checks that it is still there.
    /// </summary>
    /// <param name="expected">The entry as last seen; its <see cref="StoredEntry.ModRevision"/> is compared.</param>
    /// <param name="timeToLive">The new time to live.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">The store did not answer or refused.</exception>
    Task<StoreWriteResult> RenewAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken);

    /// <summary>
    /// Writes an entry again with the document it has, if it is still the one given; its time to live restarts, a reservation stays one. The revision
    /// changes, and <see cref="StoredEntry.ClaimId"/> does in a store that has them. A node asks by it whether somebody alive holds the entry: a
    /// holder sees it on its watch and updates the entry at once. By default the entry is updated, with no claim to tell apart.
    /// </summary>
    /// <param name="expected">The entry as last seen, whose document could be read; its <see cref="StoredEntry.ModRevision"/> is compared.</param>
    /// <param name="timeToLive">The time to live of an entry that has one.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">The store did not answer or refused.</exception>
    Task<StoreWriteResult> ClaimAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        UpdateAsync(expected, expected.Value, timeToLive, cancellationToken);

    /// <summary>Deletes an entry if it is still the one given.</summary>
    /// <param name="expected">The entry as last seen; its <see cref="StoredEntry.ModRevision"/> is compared.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Whether it was deleted; the entry found if not.</returns>
    /// <exception cref="StoreException">The store did not answer or refused.</exception>
    Task<StoreWriteResult> DeleteAsync(StoredEntry expected, CancellationToken cancellationToken);

    /// <summary>
    /// Writes or deletes the network configuration. Nodes do without; administration needs it. By default not supported.
    /// </summary>
    /// <param name="document">The document, or <see langword="null"/> to delete it.</param>
    /// <param name="expectedRevision">
    /// Write only if the document is still the one of this revision (<see cref="StoreSnapshot.ConfigRevision"/>), or, if it is 0, only if there is
    /// none; <see langword="null"/> to write whatever is there.
    /// </param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">The store did not answer or refused.</exception>
    /// <exception cref="NotSupportedException">The store's configuration cannot be written through it.</exception>
    Task<StoreConfigResult> WriteConfigAsync(ReadOnlyMemory<byte>? document, long? expectedRevision, CancellationToken cancellationToken) =>
        throw new NotSupportedException($"Its network configuration ({ConfigSource}) cannot be written through the store {GetType().Name}.");

    /// <summary>
    /// Gives an entry another time to live, or none, if it is still the one given; its document stays. It is a write, so the revision changes, unless
    /// the entry is a reservation already and stays one. Nodes do without; administration needs it. By default not supported.
    /// </summary>
    /// <param name="expected">The entry as last seen; its <see cref="StoredEntry.ModRevision"/> is compared.</param>
    /// <param name="timeToLive">How long the entry lives without renewal from now, or <see langword="null"/> to make it a reservation.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">The store did not answer or refused.</exception>
    /// <exception cref="NotSupportedException">The store cannot turn a lease into a reservation and back.</exception>
    Task<StoreWriteResult> SetTimeToLiveAsync(StoredEntry expected, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
        throw new NotSupportedException($"The store {GetType().Name} cannot turn a lease into a reservation, or back.");

    /// <summary>Tells how long entries live unless they are renewed. By default, nothing is known of any.</summary>
    /// <param name="keys">The keys to tell it of, at most a few hundred.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The time left by key. Reservations, and keys that do not exist, are left out.</returns>
    /// <exception cref="StoreException">The store did not answer or refused.</exception>
    Task<IReadOnlyDictionary<string, TimeSpan>> ReadTimesLeftAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyDictionary<string, TimeSpan>>(new Dictionary<string, TimeSpan>());

    /// <summary>
    /// Delivers what happened to the entries and to the network configuration after a revision, whatever lies between listing at that revision and
    /// watching: as <see cref="StoreChanges"/>, complete and in the order of their revisions, or as a <see cref="StoreSnapshot"/>, which may come at
    /// any time, not only first, and stands for everything up to its revision. A store that does not remember its past delivers snapshots, and states
    /// in between are passed over. The revision of an item is never below that of the item before. An empty <see cref="StoreChanges"/> says that the
    /// watch is alive (<see cref="MaxSilence"/>). An entry whose time is over is delivered as a deletion, as every other.
    /// </summary>
    /// <param name="afterRevision">The revision up to which the caller knows everything, usually a snapshot's.</param>
    /// <param name="cancellationToken">Ends the sequence.</param>
    /// <exception cref="StoreException">The stream broke; watch again after the revision of the last item.</exception>
    IAsyncEnumerable<StoreEvent> WatchAsync(long afterRevision, CancellationToken cancellationToken);

    /// <summary>
    /// Retires every connection at once, because the host's address has changed or a connection that seems to work does not answer: whatever is
    /// called next connects again. Calls and watches on the old connections fail with a transient <see cref="StoreException"/>, or the store repeats
    /// them by itself; what they must not do is fall silent. Returns at once, never throws. Does nothing by default.
    /// </summary>
    void ResetConnections()
    {
    }
}
