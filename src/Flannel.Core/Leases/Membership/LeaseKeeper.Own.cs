using Flannel.Core.Leases.Peers;
using Flannel.Extensibility;

namespace Flannel.Core.Leases.Membership;

/// <content>The own lease: what <see cref="OwnLeaseDecision"/> decides is carried out and told.</content>
internal sealed partial class LeaseKeeper
{
    // Each round lost means that somebody else wrote the key in between.
    private const int MaxRounds = 8;

    private Lease _own;
    private StoredEntry _entry;
    private LeaseException? _loss;
    private OwnLeaseState _lossState;
    private string? _rival;
    private long _ownRevision;

    private SubnetKey Key => _own.Key;

    private bool IsHeld => _loss is null;

    private async Task NoticeOwnAsync(StoreEvent item, bool isListed, CancellationToken cancellationToken)
    {
        if (!TryFindOwn(item, out StoredEntry? found))
            return;
        // A listing that we asked for is the truth. A watch lags behind, perhaps behind our own last write.
        if (!isListed && item.Revision < _ownRevision)
            return;

        _ownRevision = item.Revision;
        if (isListed)
            _schedule.Looked(Now);
        // Somebody who wrote while the outcome of our own write is not known may be ourselves.
        await SettleAsync(found, isLive: !isListed && _writeError is null, cancellationToken).ConfigureAwait(false);
    }

    private bool TryFindOwn(StoreEvent item, out StoredEntry? found)
    {
        found = null;
        if (item is StoreSnapshot snapshot)
        {
            found = snapshot.Entries.FirstOrDefault(entry => entry.Key == _entry.Key);
            return true;
        }

        bool isTouched = false;
        foreach (StoreChange change in ((StoreChanges)item).Changes)
        {
            if (change.Key == _entry.Key)
                (found, isTouched) = (change.Entry, true);
            else if (change.Key == _rival)
                isTouched = true;
        }

        return isTouched;
    }

    /// <summary>Brings the own lease in order, given what was found under its key.</summary>
    /// <param name="found">What was found.</param>
    /// <param name="isLive">Whether we were here when it was written.</param>
    /// <param name="cancellationToken">Ends the turn.</param>
    private async Task SettleAsync(StoredEntry? found, bool isLive, CancellationToken cancellationToken)
    {
        for (int round = 0; round < MaxRounds; round++)
        {
            TimeSpan started = Now;
            TrackedKey? rival = found is null ? _others.FindRival(Key) : null;
            OwnLeaseAction action = OwnLeaseDecision.Decide(found, _entry, _identity, rival, Sight(found, isLive));
            StoreWriteResult result;
            try
            {
                switch (action)
                {
                    case OwnLeaseAction.Keep:
                        Recognise(found!);
                        return;
                    case OwnLeaseAction.Yield yield:
                        LoseTo(yield);
                        return;
                    case OwnLeaseAction.YieldToDuplicate:
                        LoseToDuplicate(found!);
                        return;
                    case OwnLeaseAction.Wait:
                        _found = found!;
                        return;
                    case OwnLeaseAction.Ask:
                        await AskAsync(found!, cancellationToken).ConfigureAwait(false);
                        return;
                    case OwnLeaseAction.Answer or OwnLeaseAction.Restore:
                        _contest.Answering(Now);
                        if (action is OwnLeaseAction.Restore) Log.Restored(_logger, Key, found!.ModRevision);
                        result = await WriteAsync(
                            () => _store.UpdateAsync(found!, _identity.Document, _options.TimeToLive, cancellationToken)).ConfigureAwait(false);
                        break;
                    default:
                        if (IsHeld) Log.Gone(_logger, Key);
                        result = await WriteAsync(
                            () => _store.CreateAsync(_entry.Key, _identity.Document, _options.TimeToLive, cancellationToken)).ConfigureAwait(false);
                        break;
                }
            }
            catch (StoreException error)
            {
                _schedule.Doubt();
                if (found is null)
                    Lose(OwnLeaseState.Lost, LeaseLostException.Gone(Key, error));
                FailWrite(error);
                return;
            }

            if (result.Succeeded)
            {
                if (action is OwnLeaseAction.Answer) NoteClaimant(found!);
                Hold(result.Entry!, started, found is null ? OwnLeaseState.Reacquired : OwnLeaseState.Renewed);
                return;
            }

            found = result.Entry;
        }

        _schedule.Doubt();
        FailWrite(new StoreException($"The lease {Key} was changed by somebody else {MaxRounds} times while it was written.", isTransient: true)
        {
            Kind = StoreErrorKind.Conflict,
        });
    }

    /// <summary>The entry is as it should be, but perhaps not by our last write.</summary>
    private void Recognise(StoredEntry found)
    {
        if (IsHeld && found.ModRevision == _entry.ModRevision && found.HasTimeToLive == _entry.HasTimeToLive)
            return;

        // A time to live that somebody else gave it is not known; and after a failed write a renewal shows whether writing works again.
        _schedule.Recognise(Now, found.HasTimeToLive);
        if (_writeError is not null)
            _schedule.Hurry(Now);
        Report(found, _own.Expiration ?? _time.GetUtcNow() + _options.TimeToLive, OwnLeaseState.Renewed);
    }

    private void Report(StoredEntry entry, DateTimeOffset? expiration, OwnLeaseState state)
    {
        if (!IsHeld)
            state = OwnLeaseState.Reacquired;
        if (state == OwnLeaseState.Reacquired)
            Log.Reacquired(_logger, Key);
        DuplicatePublicAddressException? claimant = state == OwnLeaseState.Renewed ? _contest.Claimant : null;
        if (HasYielded)
        {
            _contest.End();
            _contest.Won();
        }

        (_loss, _lossState, _rival) = (null, default, null);
        _entry = entry;
        _ownRevision = Math.Max(_ownRevision, entry.ModRevision);
        _own = Lease.From(entry, Key, _identity.Attributes, expiration);
        _results.Enqueue(new OwnLeaseChanged(claimant is null ? state : OwnLeaseState.Contested, _own, claimant));
    }

    private void LoseTo(OwnLeaseAction.Yield yield)
    {
        _rival = yield.IsRival ? yield.Key : null;
        _contest.End();
        Lose(OwnLeaseState.Taken, LeaseLostException.Taken(Key, _identity.Address, yield));
    }

    private void Lose(OwnLeaseState state, LeaseException loss)
    {
        if (state == OwnLeaseState.Taken)
        {
            // The store has answered; all there is to do is to watch.
            _schedule.Rest();
            SetStoreError(ref _writeError, null);
        }

        // The same loss may be seen more than once.
        bool isNews = _loss is null || _lossState != state || (state == OwnLeaseState.Taken && _loss.Message != loss.Message);
        if (!isNews)
            return;

        (_loss, _lossState) = (loss, state);
        _results.Enqueue(new OwnLeaseChanged(state, _own, loss));
        Log.Loss(_logger, state, loss.Message);
    }

    /// <summary>The lease could not be renewed before its end. Whether it still stands shows when the store answers again.</summary>
    private void TellEnd()
    {
        _schedule.EndTold();
        if (!IsHeld)
            return;

        LeaseLostException loss = LeaseLostException.Overdue(Key, _own.Expiration);
        _results.Enqueue(new OwnLeaseChanged(OwnLeaseState.Overdue, _own, loss));
        Log.Loss(_logger, OwnLeaseState.Overdue, loss.Message);
    }
}
