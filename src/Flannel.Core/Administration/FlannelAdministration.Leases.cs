using Flannel.Core.Leases;
using Flannel.Core.Observation;
using Flannel.Extensibility;

namespace Flannel.Core.Administration;

/// <content>Leases and reservations.</content>
internal sealed partial class FlannelAdministration
{
    // One call of a store must end within its time, however many leases there are.
    private const int KeysAtOnce = 200;

    public async Task<IReadOnlyList<StoredLease>> ListLeasesAsync(bool withTimeLeft = false, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<StoredLease> leases = (await ReadAsync(cancellationToken).ConfigureAwait(false)).Sorted;
        if (!withTimeLeft) return leases;

        var timed = new List<StoredLease>(leases.Count);
        foreach (StoredLease[] some in leases.Chunk(KeysAtOnce))
        {
            string[] keys = [.. some.Where(static lease => !lease.IsReservation).Select(static lease => lease.Key)];
            IReadOnlyDictionary<string, TimeSpan> left = keys.Length == 0
                ? new Dictionary<string, TimeSpan>()
                : await _store.ReadTimesLeftAsync(keys, cancellationToken).ConfigureAwait(false);
            timed.AddRange(some.Select(lease => left.TryGetValue(lease.Key, out TimeSpan time) ? lease with { TimeLeft = time } : lease));
        }

        return timed;
    }

    public async Task<StoredLease> ReserveAsync(SubnetKey subnets, LeaseAttributes holder, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(holder);
        if (subnets == default) throw new ArgumentException("The key was never set.", nameof(subnets));
        ObservedNetwork network = await ReadAsync(cancellationToken).ConfigureAwait(false);
        var review = new ReservationReview(RequireConfig(network), subnets, holder);
        review.CheckForm();
        string key = subnets.ToString();
        if (network.Leases.TryGetValue(key, out StoredLease? own) && review.IsHolders(own))
            return await SetTimeToLiveAsync(own, null, cancellationToken).ConfigureAwait(false);

        review.CheckRoom(network);
        StoreWriteResult result = await _store.CreateAsync(key, holder.ToUtf8Json(), timeToLive: null, cancellationToken).ConfigureAwait(false);
        if (!result.Succeeded) throw LeaseConflict(key, $"{key} was to be created", 0, result.Entry);

        // A subnet of another length, or another subnet for the same host, may have been taken while this one was: only looking again tells.
        ObservedNetwork after = await ReadAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            review.CheckRoom(after);
        }
        catch (LeaseRefusedException)
        {
            await _store.DeleteAsync(result.Entry!, cancellationToken).ConfigureAwait(false);
            throw;
        }

        Log.Reserved(_logger, key, holder.PublicIP ?? holder.PublicIPv6);
        return StoredLease.Read(result.Entry!, refusal: null);
    }

    public async Task<StoredLease> ReserveAsync(StoredLease lease, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lease);
        if (lease is not { Subnets: { } subnets, Attributes: { } attributes })
        {
            throw new LeaseRefusedException(
                LeaseRefusal.NotALease, lease.Key, $"{lease.Shown} cannot be reserved for its holder: {lease.Refusal ?? "it is no lease"}.");
        }

        // A reservation that its host could not lease would be in the way for ever.
        ObservedNetwork network = await ReadAsync(cancellationToken).ConfigureAwait(false);
        new ReservationReview(RequireConfig(network), subnets, attributes).CheckForm();
        return await SetTimeToLiveAsync(lease, null, cancellationToken).ConfigureAwait(false);
    }

    public Task<StoredLease> EndReservationAsync(StoredLease lease, TimeSpan timeToLive, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lease);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(timeToLive, TimeSpan.Zero);
        return lease.IsReservation ? SetTimeToLiveAsync(lease, timeToLive, cancellationToken) : Task.FromResult(lease);
    }

    public async Task<bool> RevokeAsync(StoredLease lease, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lease);
        StoreWriteResult result = await _store.DeleteAsync(lease.ToEntry(), cancellationToken).ConfigureAwait(false);
        if (result.Succeeded) Log.Revoked(_logger, lease.Shown, lease.Holder, lease.Revision);
        else if (result.Entry is not null) throw LeaseConflict(lease, result.Entry);
        return result.Succeeded;
    }

    public async Task<IReadOnlyList<StoredLease>> PruneAsync(CancellationToken cancellationToken = default)
    {
        ObservedNetwork network = await ReadAsync(cancellationToken).ConfigureAwait(false);
        NetworkConfig config = RequireConfig(network);
        var pruned = new List<StoredLease>();
        foreach (StoredLease lease in network.Sorted)
        {
            if (lease.Subnets is not { } subnets) continue;
            if (lease.Attributes is not null && (lease.IsReservation || LeaseRules.HasPlace(config, subnets))) continue;
            // One that was changed meanwhile is somebody's.
            StoreWriteResult result = await _store.DeleteAsync(lease.ToEntry(), cancellationToken).ConfigureAwait(false);
            if (!result.Succeeded) continue;
            Log.Revoked(_logger, lease.Shown, lease.Holder, lease.Revision);
            pruned.Add(lease);
        }

        return pruned;
    }

    private async Task<StoredLease> SetTimeToLiveAsync(StoredLease lease, TimeSpan? timeToLive, CancellationToken cancellationToken)
    {
        StoreWriteResult result = await _store.SetTimeToLiveAsync(lease.ToEntry(), timeToLive, cancellationToken).ConfigureAwait(false);
        if (!result.Succeeded) throw LeaseConflict(lease, result.Entry);
        if (result.Entry!.ModRevision != lease.Revision)
        {
            if (timeToLive is { } time) Log.ReservationEnded(_logger, lease.Shown, lease.Holder, time);
            else Log.Reserved(_logger, lease.Shown, lease.Holder);
        }

        return StoredLease.Read(result.Entry, refusal: null) with { Refusal = lease.Refusal, TimeLeft = timeToLive };
    }

    private NetworkConfig RequireConfig(ObservedNetwork network) =>
        network.Config is { } stored ? stored.Config ?? throw stored.Error! : StoreConfig.Parse(null, _store.ConfigSource);

    private static StoreConflictException LeaseConflict(StoredLease lease, StoredEntry? found) =>
        LeaseConflict(lease.Key, $"{lease.Shown} was to be changed as of revision {lease.Revision}", lease.Revision, found);

    private static StoreConflictException LeaseConflict(string key, string what, long expected, StoredEntry? found) => new(
        what +
        (found is null ? ", but is gone" : $", but has revision {found.ModRevision}") +
        ". Nothing was written: list the leases again and decide again.",
        key,
        expected,
        found?.ModRevision ?? 0);
}
