using System.Runtime.InteropServices;
using Flannel.Core.Leases.Allocation;
using Flannel.Core.Leases.Membership;
using Flannel.Extensibility;

namespace Flannel.Core.Leases.Policy;

/// <content>
/// Taking a subnet, in the order 1 the node's own lease, 2 the subnet it had before, 3 a free one. The first attempt works on what the step before
/// listed, each further one on a fresh list; one that lost a race is followed by the next. An attempt fails only because another node succeeded, so
/// all of them together always get on.
/// </content>
internal sealed partial class SubnetManager
{
    // A write whose answer got lost is looked up in the next list; a store that loses every answer is away.
    private const int MaxFailedWrites = 3;

    private async Task<Membership> AcquireAsync(LeaseRequest request, StoreSnapshot listed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var identity = new NodeIdentity(request);
        StoreSnapshot snapshot = listed;
        int failedWrites = 0;
        for (bool isFresh = false; ; isFresh = true)
        {
            if (isFresh)
                snapshot = await _store.ListAsync(null, cancellationToken).ConfigureAwait(false);
            LeaseList leases = LeaseList.Read(snapshot, identity);
            long started = _time.GetTimestamp();
            try
            {
                TakenLease? taken = leases.ChooseOwn(request) is { } own
                    ? await TakeOwnAsync(request, identity, leases, own, cancellationToken).ConfigureAwait(false)
                    : await TakeFreeAsync(request, identity, leases, cancellationToken).ConfigureAwait(false);
                if (taken is not null)
                {
                    // A write is younger than the list, a renewal may change nothing. Else the store was restored from a backup in between.
                    Lease lease = taken.Lease;
                    bool isPlausible = lease.ModRevision > snapshot.Revision || leases.Own.Any(own => own.Lease.ModRevision == lease.ModRevision);
                    return new Membership(this, request, taken, started, isPlausible ? snapshot : null) { IsConfigRead = isPlausible && !isFresh };
                }
            }
            catch (DuplicatePublicAddressException error) when (!identity.IsOwn(error))
            {
                // The host that has this node's former address has the subnet with it.
                Log.FormerHeld(_logger, error.Key, identity.Address);
                request = request with { HeldLease = null };
                identity = new NodeIdentity(request);
            }
            catch (SubnetPoolExhaustedException) when (!isFresh)
            {
                // A subnet may have become free since.
            }
            catch (StoreException error) when (++failedWrites < MaxFailedWrites)
            {
                Log.WriteUncertain(_logger, error.Message);
            }
        }
    }

    private async Task<TakenLease?> TakeOwnAsync(
        LeaseRequest request, NodeIdentity identity, LeaseList leases, OwnEntry own, CancellationToken cancellationToken)
    {
        if (!await DeleteOthersAsync(request, identity, leases, own, cancellationToken).ConfigureAwait(false))
            return LostRace(own.Lease.Key);
        bool isClaimed = !IsWrittenBy(request, own);
        StoredEntry entry = own.Entry;
        if (isClaimed)
        {
            if (await ClaimAsync(request, identity, own, cancellationToken).ConfigureAwait(false) is not { } claimed)
                return LostRace(own.Lease.Key);
            entry = claimed;
        }

        bool differs = !own.Lease.Attributes.Equals(identity.Attributes);
        StoreWriteResult result = await (differs
            ? _store.UpdateAsync(entry, identity.Document, _options.TimeToLive, cancellationToken)
            : _store.RenewAsync(entry, _options.TimeToLive, cancellationToken)).ConfigureAwait(false);
        if (!result.Succeeded)
        {
            if (isClaimed) ThrowIfAnswered(identity, own, entry, result.Entry);
            return LostRace(own.Lease.Key);
        }

        TakenLease taken = Held(identity, result, own.Lease.Key) with { IsClaimed = isClaimed };
        Log.OwnTaken(_logger, taken.Lease.Key, taken.Lease.IsReservation ? "reservation" : "lease", identity.Address);
        return taken;
    }

    /// <summary>
    /// Deletes leases that a former holder of this host's address has left: peers accept an address once, from the older lease. Reservations stay.
    /// </summary>
    private async Task<bool> DeleteOthersAsync(
        LeaseRequest request, NodeIdentity identity, LeaseList leases, OwnEntry own, CancellationToken cancellationToken)
    {
        foreach (OwnEntry other in leases.Own.Where(
            other => other.Lease.Key != own.Lease.Key && !other.Lease.IsReservation && identity.IsOwn(other.Lease.Attributes)))
        {
            StoredEntry? entry = IsWrittenBy(request, other)
                ? other.Entry
                : await ClaimAsync(request, identity, other, cancellationToken).ConfigureAwait(false);
            if (entry is null || !(await _store.DeleteAsync(entry, cancellationToken).ConfigureAwait(false)).Succeeded)
                return false;
            Log.OtherDeleted(_logger, other.Lease.Key, own.Lease.Key);
        }

        return true;
    }

    private async Task<TakenLease?> TakeFreeAsync(LeaseRequest request, NodeIdentity identity, LeaseList leases, CancellationToken cancellationToken)
    {
        foreach (OwnEntry unfit in leases.Own.Where(own => !leases.IsFit(request, own)))
        {
            if (unfit.Lease.IsReservation)
            {
                // An operator made it, so an operator has to take it back; until then it counts as taken.
                Log.UnfitReservation(_logger, unfit.Lease.Key);
                continue;
            }

            StoredEntry? entry = IsWrittenBy(request, unfit)
                ? unfit.Entry
                : await ClaimAsync(request, identity, unfit, cancellationToken).ConfigureAwait(false);
            if (entry is null || !(await _store.DeleteAsync(entry, cancellationToken).ConfigureAwait(false)).Succeeded)
                return LostRace(unfit.Lease.Key);
            Log.UnfitDeleted(_logger, unfit.Lease.Key);
            leases.Taken.Remove(unfit.Lease.Key);
        }

        ReadOnlySpan<SubnetKey> taken = CollectionsMarshal.AsSpan(leases.Taken);
        bool again = request.PreviousSubnet is { } previous
            && LeaseRules.Fits(request.Config, previous)
            && SubnetAllocator.IsFree(request.Config, previous, taken);
        SubnetKey key = again ? request.PreviousSubnet!.Value : SubnetAllocator.Allocate(request.Config, taken, _random);
        StoreWriteResult result = await _store.CreateAsync(key.ToString(), identity.Document, _options.TimeToLive, cancellationToken)
            .ConfigureAwait(false);
        if (!result.Succeeded)
            return LostRace(key);
        if (await IsSharedAsync(key, result.Entry!, leases, cancellationToken).ConfigureAwait(false))
        {
            await _store.DeleteAsync(result.Entry!, cancellationToken).ConfigureAwait(false);
            return LostRace(key);
        }

        Log.Acquired(_logger, key, again ? "held before" : "free");
        return Held(identity, result, key);
    }

    /// <summary>
    /// Whether a node that was quicker has one of the two subnets. The store keeps apart what has the same key, and a key names both subnets: two
    /// nodes that start together may draw one alike and the other not. Each looks after its write, and the later one yields.
    /// </summary>
    private async Task<bool> IsSharedAsync(SubnetKey key, StoredEntry written, LeaseList before, CancellationToken cancellationToken)
    {
        if (key is not { IPv4Subnet: not null, IPv6Subnet: not null }) return false;
        StoreSnapshot now = await _store.ListAsync(null, cancellationToken).ConfigureAwait(false);
        return now.Entries.Any(entry =>
            entry.CreateRevision < written.CreateRevision
            && SubnetKey.TryParse(entry.Key, out SubnetKey other)
            && other.Overlaps(key)
            && !before.Taken.Contains(other)); // the allocator has judged those
    }

    private TakenLease? LostRace(SubnetKey key)
    {
        Log.LostRace(_logger, key);
        return null;
    }

    private TakenLease Held(NodeIdentity identity, StoreWriteResult written, SubnetKey key) =>
        new(Lease.From(written.Entry!, key, identity.Attributes, _time.GetUtcNow() + _options.TimeToLive), written.Entry!);
}
