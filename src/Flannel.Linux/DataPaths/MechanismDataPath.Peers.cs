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
            _reconciler.Replace([.. DeriveAll_NeedsLock()]);
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
            _reconciler.Change(removals, isRewritten ? DeriveAll_NeedsLock() : [.. upserts.Select(key => Derive_NeedsLock(_peers[key]))]);

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
        _context.Routes.AddSubnet(peer.Subnet);
        return true;
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
