using System.Net.NetworkInformation;
using Flannel.Extensibility;

namespace Flannel.Linux.DataPaths;

internal sealed partial class MechanismDataPath<TKey, TEntry>
{
    public override void SetPeers(IReadOnlyList<Lease> peers)
    {
        lock (_gate)
        {
            _peers.Clear();
            _unusable = _unusable.Clear();
            foreach (Lease lease in peers) Add_NeedsLock(lease);
            _mechanism.Adapt(_peers.Count);
            var guarded = new List<GuardedPeer>(_peers.Count);
            var all = new List<PeerEntries<TKey, TEntry>>(_peers.Count);
            foreach (FamilyPeer peer in _peers.Values)
            {
                if (ToGuarded(peer) is { } told) guarded.Add(told);
                all.Add(Derive_NeedsLock(peer));
            }

            _guard?.SetPeers(guarded);
            _reconciler.Replace(all);
            FollowExclusions_NeedsLock();
        }
    }

    public override void ChangePeers(IReadOnlyList<LeaseChange> changes)
    {
        lock (_gate)
        {
            var removals = new HashSet<SubnetKey>();
            var upserts = new HashSet<SubnetKey>();
            foreach (LeaseChange change in changes)
            {
                if (change.Before is { } before) Remove(before.Key);
                if (change.After is not { } after) continue;
                Remove(after.Key);
                if (Add_NeedsLock(after)) upserts.Add(after.Key);
            }

            bool isRewritten = _mechanism.Adapt(_peers.Count);
            removals.ExceptWith(upserts);
            ChangeGuarded_NeedsLock(removals, upserts);
            _reconciler.Change(removals, isRewritten ? DeriveAll_NeedsLock() : [.. upserts.Select(key => Derive_NeedsLock(_peers[key]))]);
            FollowExclusions_NeedsLock();
            if (_reconciler.Status.IsConverged) _guard?.Wake(); // else the reconciler's pass brings it along

            void Remove(SubnetKey key)
            {
                _peers.Remove(key);
                _unusable = _unusable.Remove(key);
                removals.Add(key);
                upserts.Remove(key);
            }
        }
    }

    private bool Add_NeedsLock(Lease lease)
    {
        FamilyPeer? peer = Family.Read(lease, out string? reason);
        if (reason is not null) _unusable = _unusable.SetItem(lease.Key, reason);
        if (peer is null) return false;
        _peers[peer.Key] = peer;
        _context.Routes.AddPeer(peer.Subnet, peer.Host);
        return true;
    }

    private void ChangeGuarded_NeedsLock(IEnumerable<SubnetKey> removals, IReadOnlyCollection<SubnetKey> upserts)
    {
        if (_guard is null) return;
        ILookup<bool, (SubnetKey Key, GuardedPeer? Peer)> guarded =
            upserts.Select(key => (Key: key, Peer: ToGuarded(_peers[key]))).ToLookup(static peer => peer.Peer is not null);
        _guard.ChangePeers([.. removals, .. guarded[false].Select(static peer => peer.Key)], [.. guarded[true].Select(static peer => peer.Peer!)]);
    }

    /// <summary>Lets nobody in whose lease is not in force, because an older one holds an entry of it.</summary>
    private void FollowExclusions_NeedsLock()
    {
        if (_guard is null) return;
        IReadOnlyCollection<SubnetKey> excluded = _reconciler.Excluded;
        if (excluded.Count == 0 && _excluded.Count == 0) return;
        SubnetKey[] gone = [.. excluded.Where(peer => !_excluded.Contains(peer))];
        HashSet<SubnetKey> back = _excluded;
        back.ExceptWith(excluded);
        back.IntersectWith(_peers.Keys);
        _excluded = [.. excluded];
        if (gone.Length > 0 || back.Count > 0) ChangeGuarded_NeedsLock(gone, back);
    }

    /// <summary>A peer as its packets are told; <see langword="null"/> if they cannot be.</summary>
    private GuardedPeer? ToGuarded(FamilyPeer peer)
    {
        if (_guard is null || _excluded.Contains(peer.Key)) return null;
        PhysicalAddress? mac = _mechanism.FindMac(peer);
        return mac is null && _mechanism.Tunnel!.Device is not null ? null : new GuardedPeer(peer.Key, peer.Host, peer.Subnet, mac);
    }

    private IEnumerable<PeerEntries<TKey, TEntry>> DeriveAll_NeedsLock() => [.. _peers.Values.Select(Derive_NeedsLock)];

    private PeerEntries<TKey, TEntry> Derive_NeedsLock(FamilyPeer peer)
    {
        _entries.Clear();
        string? reason = _mechanism.AddEntries(peer, _entries);
        if (reason is not null)
        {
            _entries.Clear();
            _unusable = _unusable.SetItem(peer.Key, reason);
        }
        else if (_unusable.Count > 0)
        {
            _unusable = _unusable.Remove(peer.Key);
        }

        return new PeerEntries<TKey, TEntry>(peer.Key, peer.CreateRevision, _entries.ToArray());
    }
}
