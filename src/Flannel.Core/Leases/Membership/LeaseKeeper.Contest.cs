using Flannel.Extensibility;

namespace Flannel.Core.Leases.Membership;

/// <content>Another host with this node's address: who of the two keeps the lease, and what is said of it.</content>
internal sealed partial class LeaseKeeper
{
    private StoredEntry? _found;
    private SubnetKey? _elder;

    private bool HasYielded => _loss is DuplicatePublicAddressException;

    private OwnLeaseSight Sight(StoredEntry? found, bool isLive) =>
        new(isLive, !IsHeld, found is not null && _contest.IsAnswer(found, _entry, Now), _contest.IsAsking, HasYielded, _contest.MayAnswer(Now));

    /// <summary>
    /// Two hosts that start together while the store knows neither each create a lease: with one public address, or, while <c>SubnetLen</c> changes,
    /// of subnets that overlap. Whoever has the younger one acquires again, which asks whether the holder of the address is alive, or takes another
    /// subnet.
    /// </summary>
    private void NoticeElder()
    {
        SubnetKey? elder = IsHeld ? _others.FindElder(_own.CreateRevision)?.Subnets : null;
        SubnetKey? rival = IsHeld && elder is null && !_own.IsReservation ? _others.FindElderRival(_own)?.Subnets : null;
        if ((elder ?? rival) == _elder) return;
        _elder = elder ?? rival;
        if (elder is { } same)
            _results.Enqueue(new OwnLeaseChanged(OwnLeaseState.Moved, _own, LeaseLostException.Younger(Key, _identity.Address, same)));
        else if (rival is { } other)
            _results.Enqueue(new OwnLeaseChanged(OwnLeaseState.Moved, _own, LeaseLostException.Overlapped(Key, other)));
    }

    private async Task SeeToContestAsync(CancellationToken cancellationToken)
    {
        if (_contest.IsUnanswered(Now))
        {
            await TakeUnansweredAsync(cancellationToken).ConfigureAwait(false);
        }
        else if (_contest.MustAsk(Now))
        {
            await AskAsync(_found!, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            _contest.End();
            Log.Uncontested(_logger, Key);
            if (IsHeld) _results.Enqueue(new OwnLeaseChanged(OwnLeaseState.Renewed, _own, null));
        }
    }

    /// <summary>Claims the lease, to see whether somebody alive holds it.</summary>
    private async Task AskAsync(StoredEntry found, CancellationToken cancellationToken)
    {
        TimeSpan started = Now;
        StoreWriteResult result;
        try
        {
            result = await WriteAsync(() => _store.ClaimAsync(found, _options.TimeToLive, cancellationToken)).ConfigureAwait(false);
        }
        catch (StoreException error)
        {
            DoubtClaim(error);
            return;
        }

        if (!result.Succeeded)
        {
            // Whoever was faster is another one that looks, or holds it.
            if (HasYielded && result.Entry is not null) LoseToDuplicate(result.Entry);
            else await SettleAsync(result.Entry, isLive: false, cancellationToken).ConfigureAwait(false);
            return;
        }

        _contest.Asked(Now);
        if (!HasYielded)
        {
            Hold(result.Entry!, started, OwnLeaseState.Renewed);
            return;
        }

        _entry = result.Entry!;
        _ownRevision = Math.Max(_ownRevision, _entry.ModRevision);
    }

    /// <summary>Nobody has answered: the lease is this node's.</summary>
    private async Task TakeUnansweredAsync(CancellationToken cancellationToken)
    {
        _contest.Won();
        bool isSame = _entry.TryRead(out LeaseAttributes? attributes, out _) && _identity.Attributes.Equals(attributes);
        if (isSame)
        {
            if (HasYielded) Hold(_entry, Now - LeaseContest.AnswerTimeOf(_store.WatchDelay), OwnLeaseState.Reacquired);
            return;
        }

        TimeSpan started = Now;
        Log.Restored(_logger, Key, _entry.ModRevision);
        try
        {
            StoreWriteResult result = await WriteAsync(
                () => _store.UpdateAsync(_entry, _identity.Document, _options.TimeToLive, cancellationToken)).ConfigureAwait(false);
            if (result.Succeeded)
                Hold(result.Entry!, started, OwnLeaseState.Renewed);
            else if (result.Entry is { } answer && (HasYielded || answer.ClaimId == _entry.ClaimId))
                LoseToDuplicate(answer);
            else
                await SettleAsync(result.Entry, isLive: true, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException error)
        {
            DoubtClaim(error);
        }
    }

    private void DoubtClaim(StoreException error)
    {
        if (HasYielded)
        {
            // There is nothing to keep, and the watch tells that the store is away.
            _contest.Yielded(Now);
            return;
        }

        _schedule.Doubt();
        FailWrite(error);
    }

    private void NoteClaimant(StoredEntry claimed)
    {
        DuplicatePublicAddressException claimant = DuplicatePublicAddressException.Claiming(Key, _identity.Address, claimed.ModRevision);
        _metrics.CountConflict(isKept: true);
        if (_contest.Answered(_contest.Claimant ?? claimant, Now)) Log.Contested(_logger, claimant.Message);
    }

    private void LoseToDuplicate(StoredEntry answer)
    {
        if (!HasYielded) _metrics.CountConflict(isKept: false);
        _found = answer;
        _contest.Yielded(Now);
        Lose(OwnLeaseState.Taken, DuplicatePublicAddressException.Holding(Key, _identity.Address, TimeSpan.Zero));
    }
}
