using Flannel.Core.Addressing;
using Flannel.Core.Diagnostics;
using Flannel.Core.Stores;

namespace Flannel.Core.Leases;

/// <content>
/// The own lease. Every look at its key in the store ends in one of four ways:
/// <code>
///   the key is          and then
///   ours                nothing, or the node learns what changed without its doing
///   free                it is created again; its subnet was ours
///   ours, but changed   our document is put back; if that goes on, another host has our address and we stop
///   somebody else's     it is left alone and watched until it is free
/// </code>
/// All writes compare; a write whose outcome is unknown is followed by a look.
/// </content>
internal sealed partial class LeaseKeeper
{
    // Two hosts with one address undo each other's writes at once; an operator's mistakes are further apart.
    private static readonly TimeSpan ConflictWindow = TimeSpan.FromMinutes(10);
    private const int MaxRestores = 2;

    // Each round lost means that somebody else wrote the key in between.
    private const int MaxRounds = 8;

    private readonly Queue<TimeSpan> _restores = new();
    private Lease _own;
    private StoredEntry _entry;
    private LeaseException? _loss;
    private OwnLeaseState _lossState;
    private string? _rival;
    private long _ownRevision;

    private SubnetKey Key => _own.Key;

    private bool IsHeld => _loss is null;

    private async Task NoticeOwnAsync(StoreWatchResult item, bool isListed, CancellationToken cancellationToken)
    {
        if (!TryFindOwn(item, out StoredEntry? found))
            return;
        // A listing that we asked for is the truth. A watch lags behind, perhaps behind our own last write.
        if (!isListed && item.Revision < _ownRevision)
            return;

        _ownRevision = item.Revision;
        if (isListed)
        {
            _isUncertain = false;
            _aliveAt = Now;
        }

        await SettleAsync(found, cancellationToken).ConfigureAwait(false);
    }

    private bool TryFindOwn(StoreWatchResult item, out StoredEntry? found)
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
    private async Task SettleAsync(StoredEntry? found, CancellationToken cancellationToken)
    {
        for (int round = 0; round < MaxRounds; round++)
        {
            TimeSpan started = Now;
            StoreWriteResult result;
            try
            {
                if (found is null)
                {
                    if (FindRival() is { } rival)
                    {
                        LoseTo(rival.Entry, rival.Entry.Key);
                        return;
                    }

                    LogGone(Key);
                    result = await _store.CreateAsync(_entry.Key, _identity.Document, _options.TimeToLive, cancellationToken).ConfigureAwait(false);
                }
                else if (IsOwn(found, out bool isUnchanged))
                {
                    if (isUnchanged)
                    {
                        Recognise(found);
                        return;
                    }

                    if (!MayRestore())
                    {
                        LoseToDuplicate();
                        return;
                    }

                    LogRestored(Key, found.ModRevision);
                    result = await _store.UpdateAsync(found, _identity.Document, _options.TimeToLive, cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    LoseTo(found, rival: null);
                    return;
                }
            }
            catch (StoreException error)
            {
                _isUncertain = true;
                if (found is null)
                    Lose(OwnLeaseState.Lost, new LeaseLostException(Key, $"The lease {Key} is gone and could not be taken again yet: {error.Message}", error));
                FailWrite(error);
                return;
            }

            if (result.Succeeded)
            {
                Hold(result.Entry!, started, found is null ? OwnLeaseState.Reacquired : OwnLeaseState.Renewed);
                return;
            }

            found = result.Entry;
        }

        _isUncertain = true;
        FailWrite(new StoreException($"The lease {Key} was changed by somebody else {MaxRounds} times while it was written.", isTransient: true));
    }

    /// <summary>Whether what was found is this node's: by its address, or because it is the same life of the key with a document that nobody can read.</summary>
    private bool IsOwn(StoredEntry found, out bool isUnchanged)
    {
        isUnchanged = false;
        if (!LeaseAttributes.TryParse(found.Value, out LeaseAttributes? attributes, out _))
            return found.CreateRevision == _entry.CreateRevision;

        isUnchanged = attributes.Equals(_identity.Attributes);
        return _identity.IsOwn(attributes);
    }

    /// <summary>Another lease that shares a subnet with ours: it may have been taken under another key while ours was gone.</summary>
    private TrackedKey? FindRival() => _tracker.Keys.FirstOrDefault(other =>
        other.IsKey
        && (Same(other.Subnets.Ipv4Subnet, Key.Ipv4Subnet) || Same(other.Subnets.Ipv6Subnet, Key.Ipv6Subnet))
        && LeaseAttributes.TryParse(other.Entry.Value, out LeaseAttributes? attributes, out _)
        && !_identity.IsOwn(attributes));

    private static bool Same(Subnet? left, Subnet? right) => left is { } subnet && right is { } other && subnet == other;

    private bool MayRestore()
    {
        while (_restores.TryPeek(out TimeSpan oldest) && Now - oldest > ConflictWindow)
            _restores.Dequeue();
        if (_loss is DuplicatePublicAddressException || _restores.Count >= MaxRestores)
            return false;
        _restores.Enqueue(Now);
        return true;
    }

    /// <summary>The entry is as it should be, but perhaps not by our last write.</summary>
    private void Recognise(StoredEntry found)
    {
        if (IsHeld && found.ModRevision == _entry.ModRevision && found.HasTimeToLive == _entry.HasTimeToLive)
            return;

        // A time to live that somebody else gave it is not known; and after a failed write a renewal shows whether writing works again.
        bool isDue = _writeError is not null || (found.HasTimeToLive && _ownAt == TimeSpan.MaxValue);
        _ownAt = isDue ? Now : found.HasTimeToLive ? _ownAt : TimeSpan.MaxValue;
        Report(found, _own.Expiration ?? _time.GetUtcNow() + _options.TimeToLive, OwnLeaseState.Renewed);
    }

    private void Report(StoredEntry entry, DateTimeOffset? expiration, OwnLeaseState state)
    {
        if (!IsHeld)
            state = OwnLeaseState.Reacquired;
        if (state == OwnLeaseState.Reacquired)
            LogReacquired(Key);
        (_loss, _lossState, _rival) = (null, default, null);
        _entry = entry;
        _ownRevision = Math.Max(_ownRevision, entry.ModRevision);
        _own = Lease.From(entry, Key, _identity.Attributes, expiration);
        _results.Enqueue(new OwnLeaseChanged(state, _own, null));
    }

    private void LoseTo(StoredEntry holder, string? rival)
    {
        string who = LeaseAttributes.TryParse(holder.Value, out LeaseAttributes? attributes, out _) && _identity.AddressOf(attributes) is { } address
            ? address.ToString()
            : "somebody whose document cannot be read";
        _rival = rival;
        Lose(OwnLeaseState.Taken, new LeaseLostException(
            Key,
            $"The subnet {Key} of this node ({_identity.Address}) belongs to {who} now (key {holder.Key}, created at revision {holder.CreateRevision}). " +
            "It is not overwritten, and is taken again as soon as it is free: delete the key to get it back, or restart the node to lease another subnet."));
    }

    private void LoseToDuplicate() => Lose(OwnLeaseState.Taken, new DuplicatePublicAddressException(
        Key,
        _identity.Address,
        $"Another host publishes this node's address {_identity.Address} and keeps overwriting the lease {Key}. Give each host a public address of its " +
        "own (the options' ExternalInterface chooses the interface or the address), then restart this node."));

    private void Lose(OwnLeaseState state, LeaseException loss)
    {
        if (state == OwnLeaseState.Taken)
        {
            // The store has answered; all there is to do is to watch.
            _ownAt = TimeSpan.MaxValue;
            _writeFailures = 0;
            SetStoreError(ref _writeError, null);
        }

        // The same loss may be seen more than once.
        bool isNews = _loss is null || _lossState != state || (state == OwnLeaseState.Taken && _loss.Message != loss.Message);
        if (!isNews)
            return;

        (_loss, _lossState) = (loss, state);
        _results.Enqueue(new OwnLeaseChanged(state, _own, loss));
        LogLoss(state, loss.Message);
    }
}
