using Flannel.Core.Leases.Membership;
using Flannel.Core.Stores;
using Flannel.Extensibility;

namespace Flannel.Core.Leases.Policy;

/// <content>
/// A lease that is there already may be held by another live host with the same address. Before anything is made of it, it is claimed: a live holder
/// sees that and answers by writing itself; a former life of this host does not.
/// </content>
internal sealed partial class SubnetManager
{
    /// <summary>Claims an own lease and waits for an answer, unless this host is known to have written it last.</summary>
    /// <returns>The entry as claimed, or <see langword="null"/> if somebody else changed it meanwhile.</returns>
    /// <exception cref="DuplicatePublicAddressException">A live host holds it.</exception>
    private async Task<StoredEntry?> ClaimAsync(LeaseRequest request, NodeIdentity identity, OwnEntry own, CancellationToken cancellationToken)
    {
        StoreWriteResult result = await _store.ClaimAsync(own.Entry, _options.TimeToLive, cancellationToken).ConfigureAwait(false);
        if (!result.Succeeded) return null;
        StoredEntry claimed = result.Entry!;
        if (_options.TakeoverWait == TimeSpan.Zero || IsLastWrite(request, identity, own)) return claimed;

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task waited = Task.Delay(_options.TakeoverWait + (2 * _store.WatchDelay), _time, ended.Token);
        using BoundedWatch watch = _store.OpenWatch(claimed.ModRevision);
        try
        {
            while (await Task.WhenAny(watch.Next, waited).ConfigureAwait(false) != waited)
            {
                StoreEvent item = await watch.TakeAsync().ConfigureAwait(false);
                if (!TryFind(item, claimed.Key, out StoredEntry? found) || found?.ModRevision == claimed.ModRevision) continue;
                ThrowIfAnswered(identity, own, claimed, found);
                return null;
            }

            await waited.ConfigureAwait(false);
            return claimed;
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Whether this process wrote an entry last, so that it need not ask who holds it.</summary>
    private static bool IsWrittenBy(LeaseRequest request, OwnEntry own) =>
        request.HeldLease is { } held && own.Lease.Key == held.Key && own.Lease.CreateRevision == held.CreateRevision
            && own.Lease.ModRevision == held.ModRevision;

    /// <summary>Whether a former life of this host wrote an entry last. One of another address may be somebody else's by now.</summary>
    private static bool IsLastWrite(LeaseRequest request, NodeIdentity identity, OwnEntry own) =>
        request is { HeldLease: { } held, LastWrite: > 0 } && own.Lease.Key == held.Key && own.Lease.CreateRevision == held.CreateRevision
            && own.Lease.ModRevision == request.LastWrite && identity.IsOwn(own.Lease.Attributes);

    /// <summary>
    /// What was written over a claim is an answer if it names the same host, unless an operator made a reservation of the lease, or a lease of it.
    /// </summary>
    private void ThrowIfAnswered(NodeIdentity identity, OwnEntry own, StoredEntry claimed, StoredEntry? found)
    {
        if (found is null || found.HasTimeToLive != claimed.HasTimeToLive
            || !found.TryRead(out LeaseAttributes? attributes, out _))
        {
            return;
        }

        if (identity.AddressOf(own.Lease.Attributes) is not { } address || !address.Equals(identity.AddressOf(attributes))) return;
        _metrics.CountConflict(isKept: false);
        throw DuplicatePublicAddressException.Holding(own.Lease.Key, address, 2 * _store.WatchDelay);
    }

    private static bool TryFind(StoreEvent item, string key, out StoredEntry? found)
    {
        if (item is StoreSnapshot snapshot)
        {
            found = snapshot.Entries.FirstOrDefault(entry => entry.Key == key);
            return true;
        }

        StoreChange last = ((StoreChanges)item).Changes.LastOrDefault(change => change.Key == key);
        found = last.Entry;
        return last.Key is not null;
    }

    /// <summary>A lease that was taken.</summary>
    /// <param name="Lease">The lease.</param>
    /// <param name="Entry">As it stands in the store.</param>
    private sealed record TakenLease(Lease Lease, StoredEntry Entry)
    {
        /// <summary>Whether it was there already and was claimed.</summary>
        public bool IsClaimed { get; init; }
    }
}
