using Flannel.Extensibility;

namespace Flannel.Core.Leases.Peers;

/// <summary>
/// Holds back the departure of peers for a while. A node whose lease was deleted or ran out takes it again within moments; if its peers had dropped
/// it at once, packets would be lost for nothing. A peer that comes back unchanged leaves no trace. If most peers leave together, a mistake or a
/// store that was restored empty is likelier than so many hosts that are gone, so they are held for longer.
/// </summary>
/// <remarks>
/// Not safe for concurrent use. A subnet that passes on to another lease departs at once, so that two leases never hold one subnet. Sessions come and
/// go, so the first snapshot counts as a change of what the node was told before.
/// </remarks>
/// <param name="grace">How long to hold a departure; zero lets it pass.</param>
/// <param name="massGrace">How long to hold the departures of most peers; zero for no longer than one.</param>
/// <param name="memory">What the node knows from the session before; <see langword="null"/> if there is no node.</param>
/// <param name="mayStay">Whether a peer of that session could still be one in this.</param>
internal sealed class DepartureGrace(
    TimeSpan grace, TimeSpan massGrace = default, PeerMemory? memory = null, Func<Lease, bool>? mayStay = null)
{
    // In a cluster of a few hosts, one that leaves is half of them, and nothing is wrong with that.
    private const int FewestOfMass = 3;

    // Unless all leave in one step, which hosts do not do; only the last one does, whenever it leaves.
    private const int FewestOfAll = 2;

    private readonly Dictionary<SubnetKey, HeldPeer> _held = [];
    private long _revision;
    private int _told;
    private TimeSpan _ahead; // the caller's clock, of the memory's

    /// <summary>When <see cref="Release"/> is due; the end of time if nothing is held.</summary>
    public TimeSpan DueAt => _held.Count == 0 ? TimeSpan.MaxValue : _held.Values.Min(static held => held.Due) + _ahead;

    /// <summary>How many peers are held because most left together.</summary>
    public int Retained { get; private set; }

    /// <summary>Takes in what changed and returns what to tell now.</summary>
    /// <param name="result">What the tracker found.</param>
    /// <param name="now">The time.</param>
    /// <param name="isStoreEmpty">
    /// Whether the store has lost its configuration too, as one that was restored empty: then one departure is enough.
    /// </param>
    public SubnetEvent? Pass(SubnetEvent? result, TimeSpan now, bool isStoreEmpty = false)
    {
        if (result is LeaseSnapshot snapshot) return Begin(snapshot, now, isStoreEmpty);
        if (grace == TimeSpan.Zero && massGrace == TimeSpan.Zero) return result;
        if (result is not LeaseChanges { Changes: var changes, Revision: var revision }) return result;
        _revision = revision;
        now -= _ahead;
        (int told, int left) = (_told, 0);
        var passed = new List<LeaseChange>(changes.Count);
        foreach ((Lease? before, Lease? after) in changes)
        {
            if (after is null)
            {
                _held[before!.Key] = new HeldPeer(before, now + grace, IsOfMass: false);
                left++;
                continue;
            }

            bool isBack = _held.Remove(after.Key, out HeldPeer held);
            if (held.IsOfMass) Retained--;
            if (!isBack && before is null) LetGoOverlapping(after.Key, passed);
            if (!isBack) passed.Add(new LeaseChange(before, after));
            else if (!held.Peer.Attributes.Equals(after.Attributes)) passed.Add(new LeaseChange(held.Peer, after));
        }

        _told += passed.Count(static change => change.Before is null) - passed.Count(static change => change.After is null);
        HoldLongerIfMass(now, isStoreEmpty || (left >= FewestOfAll && left == told));
        if (grace == TimeSpan.Zero) passed = [.. LetGo(now), .. passed];
        return passed.Count == 0 ? null : new LeaseChanges(passed, revision);
    }

    /// <summary>The departures whose time has come, or <see langword="null"/>.</summary>
    /// <param name="now">The time.</param>
    public LeaseChanges? Release(TimeSpan now)
    {
        List<LeaseChange> gone = LetGo(now - _ahead);
        return gone.Count == 0 ? null : new LeaseChanges(gone, _revision);
    }

    private LeaseSnapshot Begin(LeaseSnapshot snapshot, TimeSpan now, bool isStoreEmpty)
    {
        (_revision, _told) = (snapshot.Revision, snapshot.Peers.Count);
        if (memory is null) return snapshot;
        (Dictionary<SubnetKey, HeldPeer> before, memory.Held) = (memory.Held, _held);
        TimeSpan callers = now;
        now = memory.Now;
        _ahead = callers - now;
        HashSet<SubnetKey> present = [.. snapshot.Peers.Select(static peer => peer.Key)];
        int left = 0;
        foreach (Lease peer in memory.Told.Values)
        {
            if (present.Contains(peer.Key) || mayStay?.Invoke(peer) == false) continue;
            bool wasHeld = before.TryGetValue(peer.Key, out HeldPeer held);
            // Acquiring takes its time, so the snapshot may be older than a return that the session before was told of, or missed.
            HeldPeer since = wasHeld ? held : new HeldPeer(peer, default, IsOfMass: false);
            _held.Add(peer.Key, since.Due < now + grace ? since with { Due = now + grace } : since);
            if (held.IsOfMass) Retained++;
            if (!wasHeld) left++;
        }

        _told += _held.Count;
        HoldLongerIfMass(now, isStoreEmpty || (left >= FewestOfAll && left == memory.Told.Count));
        if (grace == TimeSpan.Zero) LetGo(now);
        return _held.Count == 0 ? snapshot : snapshot with { Peers = [.. snapshot.Peers, .. _held.Values.Select(static held => held.Peer)] };
    }

    /// <summary>
    /// Those held are among those told. What leaves within moments counts as one step: a store may tell of it in pieces.
    /// </summary>
    private void HoldLongerIfMass(TimeSpan now, bool isCertain)
    {
        if (massGrace <= grace || !(isCertain || (_held.Count >= FewestOfMass && _held.Count * 2 > _told))) return;
        foreach ((SubnetKey key, (Lease peer, _, bool isOfMass)) in _held.ToList())
        {
            if (isOfMass) continue;
            _held[key] = new HeldPeer(peer, now + massGrace, IsOfMass: true);
            Retained++;
        }
    }

    private List<LeaseChange> LetGo(TimeSpan now)
    {
        List<LeaseChange> gone = [.. _held.Values.Where(held => held.Due <= now).Select(static held => new LeaseChange(held.Peer, null))];
        foreach (LeaseChange change in gone) Drop(change.Before!.Key);
        _told -= gone.Count;
        return gone;
    }

    private void Drop(SubnetKey key)
    {
        if (_held.Remove(key, out HeldPeer held) && held.IsOfMass) Retained--;
    }

    private void LetGoOverlapping(SubnetKey key, List<LeaseChange> passed)
    {
        if (_held.Count == 0) return;
        foreach ((Lease peer, _, _) in _held.Values.ToList())
        {
            if (!peer.Key.Overlaps(key)) continue;
            passed.Add(new LeaseChange(peer, null));
            Drop(peer.Key);
        }
    }
}
