using System.Runtime.InteropServices;
using Flannel.Core.Addressing;
using Flannel.Core.Configuration;
using Flannel.Core.Stores;

namespace Flannel.Core.Leases;

/// <summary>
/// Turns what a store delivers into what a node needs to know of its peers: decoded, judged, without the own lease, and only what differs by value from
/// what was delivered before. One bad entry never harms another.
/// </summary>
/// <remarks>
/// <para>A refused document is never applied: as long as its key lives, the last good state of that peer stands. It is quarantined until a good document
/// replaces it or the key goes.</para>
/// <para>Where two peers overlap, the older lease (by the revision that created it) is right and the other is quarantined until the older one goes.
/// Accepted peers have subnets of one length per family, so overlapping means equal, and a dictionary by subnet finds the rivals of a lease.</para>
/// <para>The first snapshot comes out as <see cref="LeaseSnapshot"/>; later ones (after a compaction, a periodic listing) as
/// <see cref="LeaseChanges"/> or, if nothing differs, as nothing. Not safe for concurrent use.</para>
/// </remarks>
internal sealed partial class LeaseTracker
{
    private readonly LeaseRules _rules;
    private readonly Func<Lease, string?>? _peerRule;
    private readonly string _ownKey;
    private readonly bool _usesIpv4;
    private readonly bool _usesIpv6;

    private readonly Dictionary<string, TrackedKey> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<Subnet, List<TrackedKey>> _claims = [];
    private readonly HashSet<TrackedKey> _touched = [];
    private readonly Dictionary<string, TrackedKey> _removed = new(StringComparer.Ordinal);
    private readonly List<QuarantinedLease> _refused = [];
    private int _quarantined;
    private bool _quarantineChanged;
    private bool _isComplete;
    private long _generation;

    /// <param name="config">The validated network configuration.</param>
    /// <param name="rules">Judges every peer.</param>
    /// <param name="peerRule">The backend's opinion of a peer, or <see langword="null"/> if it has none.</param>
    /// <param name="own">The own lease's key, which is left out whoever holds it.</param>
    public LeaseTracker(NetworkConfig config, LeaseRules rules, Func<Lease, string?>? peerRule, SubnetKey own)
    {
        _rules = rules;
        _peerRule = peerRule;
        _ownKey = own.ToString();
        _usesIpv4 = config.EnableIPv4;
        _usesIpv6 = config.EnableIPv6;
    }

    /// <summary>The store revision up to which everything is known.</summary>
    public long Revision { get; private set; }

    /// <summary>The keys seen, the own one excepted.</summary>
    public IReadOnlyCollection<TrackedKey> Keys => _keys.Values;

    /// <summary>
    /// Takes in what the store delivered. Changes that a listing has overtaken are passed over: a watch may still be delivering what led to the state
    /// that was listed.
    /// </summary>
    /// <returns>What to tell the node of its peers, or <see langword="null"/> if nothing changed for them.</returns>
    public LeaseWatchResult? Apply(StoreWatchResult result)
    {
        switch (result)
        {
            case StoreSnapshot snapshot:
                Apply(snapshot);
                break;
            case StoreChanges changes when changes.Revision > Revision:
                foreach (StoreChange change in changes.Changes)
                    Apply(change);
                break;
            default:
                return null;
        }

        Revision = result.Revision;
        return Settle();
    }

    /// <summary>What was refused since the last call and was not reported before: each document once.</summary>
    public IReadOnlyList<QuarantinedLease> TakeRefused()
    {
        QuarantinedLease[] refused = [.. _refused];
        _refused.Clear();
        return refused;
    }

    /// <summary>Everything that is refused now if that changed since the last call, else <see langword="null"/>.</summary>
    public QuarantineChanged? TakeQuarantine()
    {
        if (!_quarantineChanged)
            return null;

        _quarantineChanged = false;
        var leases = new List<QuarantinedLease>(_quarantined);
        foreach (TrackedKey key in _quarantined == 0 ? [] : (IEnumerable<TrackedKey>)_keys.Values)
        {
            if (key.Quarantined is { } quarantined)
                leases.Add(quarantined);
        }

        return new QuarantineChanged(leases);
    }

    private void Apply(StoreSnapshot snapshot)
    {
        _generation++;
        foreach (StoredEntry entry in snapshot.Entries)
            Put(entry);
        foreach (TrackedKey key in _keys.Values)
        {
            // Removing from a dictionary does not disturb its enumeration.
            if (key.Generation != _generation)
                Remove(key.Entry.Key);
        }
    }

    private void Apply(StoreChange change)
    {
        if (change.Entry is { } entry)
            Put(entry);
        else
            Remove(change.Key);
    }

    private void Put(StoredEntry entry)
    {
        if (entry.Key == _ownKey)
            return;

        ref TrackedKey? known = ref CollectionsMarshal.GetValueRefOrAddDefault(_keys, entry.Key, out bool exists);
        TrackedKey key = known ??= new TrackedKey(entry) { Delivered = _removed.Remove(entry.Key, out TrackedKey? gone) ? gone.Delivered : null };
        key.Generation = _generation;
        // The bytes count too: a store that was restored from a backup may give the same revision to another document.
        if (exists && key.Entry.ModRevision == entry.ModRevision && key.Entry.Value.Span.SequenceEqual(entry.Value.Span))
            return;

        bool sameLife = exists && key.Entry.CreateRevision == entry.CreateRevision;
        key.Entry = entry;
        Lease? good = Judge(key, out string? refusal) ?? (sameLife ? key.Good : null);
        key.Refusal = refusal;
        SetGood(key, good);
        _touched.Add(key);
    }

    private void Remove(string name)
    {
        if (!_keys.Remove(name, out TrackedKey? key))
            return;

        SetGood(key, null);
        SetQuarantined(key, null);
        _touched.Remove(key);
        _removed[name] = key;
    }

    private Lease? Judge(TrackedKey key, out string? refusal)
    {
        refusal = key.KeyProblem;
        if (!key.IsKey || !LeaseAttributes.TryParse(key.Entry.Value, out LeaseAttributes? attributes, out refusal))
            return null;

        Lease lease = Lease.From(key.Entry, key.Subnets, attributes);
        refusal = _rules.Refuse(lease.Key, lease.Attributes) ?? AskPeerRule(lease);
        return refusal is null ? lease : null;
    }

    private string? AskPeerRule(Lease lease)
    {
        try
        {
            return _peerRule?.Invoke(lease);
        }
        catch (Exception error)
        {
            // It must not throw; but what makes it throw was written by somebody else, who must not be able to stop this node by it.
            return $"the backend's rule failed on it: {error.Message}";
        }
    }

    private void SetGood(TrackedKey key, Lease? good)
    {
        bool claimed = key.Good is not null;
        key.Good = good;
        if (good is null == !claimed)
            return;

        if (_usesIpv4 && key.Subnets.Ipv4Subnet is { } ipv4)
            Claim(key, ipv4, good is not null);
        if (_usesIpv6 && key.Subnets.Ipv6Subnet is { } ipv6)
            Claim(key, ipv6, good is not null);
    }

    private void Claim(TrackedKey key, Subnet subnet, bool claims)
    {
        if (claims)
        {
            (CollectionsMarshal.GetValueRefOrAddDefault(_claims, subnet, out _) ??= new List<TrackedKey>(1)).Add(key);
            return;
        }

        List<TrackedKey> claimants = _claims[subnet];
        claimants.Remove(key);
        if (claimants.Count == 0)
            _claims.Remove(subnet);
        // Whoever had to stand back may be right now.
        foreach (TrackedKey other in claimants)
            _touched.Add(other);
    }
}
