using System.Runtime.InteropServices;
using Flannel.Core.Leases.Allocation;
using Flannel.Core.Leases.Membership;
using Flannel.Extensibility;

namespace Flannel.Core.Leases;

/// <content>
/// Taking a subnet, in the order 1 the node's own lease, 2 the subnet it had before, 3 a free one. The first attempt works on what the step before listed,
/// each further one on a fresh list; one that lost a race is followed by the next. An attempt fails only because another node succeeded, so all of them
/// together always get on.
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
                Lease? lease = leases.ChooseOwn(request) is { } own
                    ? await TakeOwnAsync(identity, own, cancellationToken).ConfigureAwait(false)
                    : await TakeFreeAsync(request, identity, leases, cancellationToken).ConfigureAwait(false);
                if (lease is not null)
                {
                    // A write is younger than the list, a renewal may change nothing. Else the store was restored from a backup in between.
                    bool isPlausible = lease.ModRevision > snapshot.Revision || leases.Own.Any(own => own.Lease.ModRevision == lease.ModRevision);
                    return new Membership(this, request, lease, started, isPlausible ? snapshot : null);
                }
            }
            catch (SubnetPoolExhaustedException) when (!isFresh)
            {
                // A subnet may have become free since.
            }
            catch (StoreException error) when (++failedWrites < MaxFailedWrites)
            {
                LogWriteUncertain(error.Message);
            }
        }
    }

    private async Task<Lease?> TakeOwnAsync(NodeIdentity identity, OwnEntry own, CancellationToken cancellationToken)
    {
        bool differs = !own.Lease.Attributes.Equals(identity.Attributes);
        StoreWriteResult result = await (differs
            ? _store.UpdateAsync(own.Entry, identity.Document, _options.TimeToLive, cancellationToken)
            : _store.RenewAsync(own.Entry, _options.TimeToLive, cancellationToken)).ConfigureAwait(false);
        if (!result.Succeeded)
            return LostRace(own.Lease.Key);

        Lease lease = Held(identity, result, own.Lease.Key);
        LogOwnTaken(lease.Key, lease.IsReservation ? "reservation" : "lease", identity.Address);
        return lease;
    }

    private async Task<Lease?> TakeFreeAsync(LeaseRequest request, NodeIdentity identity, LeaseList leases, CancellationToken cancellationToken)
    {
        foreach (OwnEntry unfit in leases.Own.Where(own => !LeaseRules.Fits(request.Config, own.Lease.Key)))
        {
            if (unfit.Lease.IsReservation)
            {
                // An operator made it, so an operator has to take it back; until then it counts as taken.
                LogUnfitReservation(unfit.Lease.Key);
                continue;
            }

            if (!(await _store.DeleteAsync(unfit.Entry, cancellationToken).ConfigureAwait(false)).Succeeded)
                return LostRace(unfit.Lease.Key);
            LogUnfitDeleted(unfit.Lease.Key);
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

        LogAcquired(key, again ? "held before" : "free");
        return Held(identity, result, key);
    }

    private Lease? LostRace(SubnetKey key)
    {
        LogLostRace(key);
        return null;
    }

    private Lease Held(NodeIdentity identity, StoreWriteResult written, SubnetKey key) =>
        Lease.From(written.Entry!, key, identity.Attributes, _time.GetUtcNow() + _options.TimeToLive);
}
