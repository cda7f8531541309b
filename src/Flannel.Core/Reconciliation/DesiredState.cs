using System.Diagnostics.CodeAnalysis;
using Flannel.Extensibility;

namespace Flannel.Core.Reconciliation;

/// <summary>
/// What the kernel should hold, and for which peer. A key that several peers claim belongs to the oldest of them; the others get nothing at all,
/// because a part of a peer's entries reaches nobody. Which peers these are does not depend on the order in which they came.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class DesiredState<TKey, TEntry>
    where TKey : notnull
{
    private readonly Dictionary<SubnetKey, PeerEntries<TKey, TEntry>> _peers = [];
    private readonly Dictionary<TKey, Claim> _claims = [];

    /// <summary>Who claims a key, where that is more than one peer.</summary>
    private readonly Dictionary<TKey, List<SubnetKey>> _contested = [];

    /// <summary>The peers that get nothing, each with a key that an older peer holds.</summary>
    private readonly Dictionary<SubnetKey, TKey> _excluded = [];

    /// <summary>Every key that a peer claims.</summary>
    public IReadOnlyCollection<TKey> Keys => _claims.Keys;

    /// <summary>The peers that get nothing, each with a key that an older peer holds.</summary>
    public IReadOnlyDictionary<SubnetKey, TKey> Excluded => _excluded;

    /// <summary>The entry that should be there, if any should.</summary>
    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TEntry entry)
    {
        bool isDesired = _claims.TryGetValue(key, out Claim claim) && (_excluded.Count == 0 || !_excluded.ContainsKey(claim.Peer));
        entry = claim.Entry;
        return isDesired;
    }

    /// <summary>The peer that a key belongs to, or <see langword="null"/>.</summary>
    public SubnetKey? OwnerOf(TKey key) => _claims.TryGetValue(key, out Claim claim) ? claim.Peer : null;

    /// <summary>Replaces the entries of one peer.</summary>
    /// <param name="peer">The peer with its entries.</param>
    /// <param name="changed">Where to put the keys whose entry may have changed.</param>
    /// <returns>Whether anything changed.</returns>
    public bool Set(in PeerEntries<TKey, TEntry> peer, HashSet<TKey> changed)
    {
        if (_peers.TryGetValue(peer.Peer, out PeerEntries<TKey, TEntry> before))
        {
            if (before.CreateRevision == peer.CreateRevision && before.Entries.SequenceEqual(peer.Entries)) return false;
            Withdraw(before, changed);
        }

        _peers[peer.Peer] = peer;
        List<TKey>? contested = null;
        foreach ((TKey key, TEntry entry) in peer.Entries)
        {
            changed.Add(key);
            if (_claims.TryAdd(key, new Claim(peer.Peer, entry))) continue;
            if (!_contested.TryGetValue(key, out List<SubnetKey>? claimants)) _contested[key] = claimants = [_claims[key].Peer];
            claimants.Add(peer.Peer);
            (contested ??= []).Add(key);
        }

        if (contested is not null) Settle(contested, changed);
        return true;
    }

    /// <summary>Removes a peer with its entries.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="changed">Where to put the keys whose entry may have changed.</param>
    /// <returns>Whether there was such a peer.</returns>
    public bool Remove(SubnetKey peer, HashSet<TKey> changed)
    {
        if (!_peers.Remove(peer, out PeerEntries<TKey, TEntry> before)) return false;
        Withdraw(before, changed);
        return true;
    }

    /// <summary>Removes every peer that is not among those given.</summary>
    public bool RemoveAllBut(HashSet<SubnetKey> peers, HashSet<TKey> changed)
    {
        bool isChanged = false;
        foreach (SubnetKey gone in _peers.Keys.Where(peer => !peers.Contains(peer)).ToArray()) isChanged |= Remove(gone, changed);
        return isChanged;
    }

    /// <summary>Makes room.</summary>
    public void EnsureCapacity(int peers, int keys)
    {
        _peers.EnsureCapacity(peers);
        _claims.EnsureCapacity(keys);
    }

    private void Withdraw(in PeerEntries<TKey, TEntry> peer, HashSet<TKey> changed)
    {
        List<TKey>? contested = null;
        _excluded.Remove(peer.Peer);
        foreach ((TKey key, _) in peer.Entries)
        {
            changed.Add(key);
            if (!_contested.TryGetValue(key, out List<SubnetKey>? claimants))
            {
                _claims.Remove(key);
                continue;
            }

            claimants.Remove(peer.Peer);
            (contested ??= []).Add(key);
        }

        if (contested is not null) Settle(contested, changed);
    }

    /// <summary>Finds again who holds the keys, and who is left without one.</summary>
    private void Settle(List<TKey> keys, HashSet<TKey> changed)
    {
        var affected = new HashSet<SubnetKey>();
        foreach (TKey key in keys)
        {
            List<SubnetKey> claimants = _contested[key];
            SubnetKey holder = claimants.Aggregate((oldest, other) => IsOlder(other, oldest) ? other : oldest);
            _claims[key] = new Claim(holder, EntryOf(holder, key));
            affected.UnionWith(claimants);
            if (claimants.Count == 1) _contested.Remove(key);
        }

        foreach (SubnetKey peer in affected)
        {
            bool wasExcluded = _excluded.Remove(peer);
            foreach ((TKey key, TEntry entry) in _peers[peer].Entries)
            {
                // What two peers say alike leads to one host, which has two leases.
                if (_claims[key].Peer != peer && !EqualityComparer<TEntry>.Default.Equals(_claims[key].Entry, entry)) _excluded.TryAdd(peer, key);
            }

            if (_excluded.ContainsKey(peer) == wasExcluded) continue;
            foreach ((TKey key, _) in _peers[peer].Entries) changed.Add(key);
        }
    }

    private bool IsOlder(SubnetKey peer, SubnetKey than)
    {
        int order = _peers[peer].CreateRevision.CompareTo(_peers[than].CreateRevision);
        return order < 0 || (order == 0 && string.CompareOrdinal(peer.ToString(), than.ToString()) < 0);
    }

    private TEntry EntryOf(SubnetKey peer, TKey key) =>
        _peers[peer].Entries.First(pair => EqualityComparer<TKey>.Default.Equals(pair.Key, key)).Value;

    private readonly record struct Claim(SubnetKey Peer, TEntry Entry);
}
