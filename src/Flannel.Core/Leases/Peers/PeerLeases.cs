using System.Runtime.InteropServices;
using Flannel.Core.Addressing;
using Flannel.Extensibility;

namespace Flannel.Core.Leases.Peers;

/// <summary>
/// Turns what a store delivers into what a node needs to know of its peers: decoded, judged, without the own lease, and only what differs by value
/// from what was delivered before. One bad entry never harms another.
/// </summary>
/// <remarks>
/// <para>A refused document is never applied: as long as its key lives, the last good state of that peer stands. It is quarantined until a good
/// document replaces it or the key goes.</para>
/// <para>Where two peers overlap or have one public address, the older lease (by the revision that created it) is right and the other is quarantined
/// until the older one goes. Their subnets may have different lengths: the network's may have changed while hosts hold old leases.</para>
/// <para>Leases and refusals are counted separately against their limits, so that garbage cannot crowd out peers. What is beyond a limit is counted,
/// and judged again with the next snapshot.</para>
/// <para>The first snapshot comes out as <see cref="LeaseSnapshot"/>; later ones (after a compaction, a periodic listing) as
/// <see cref="LeaseChanges"/> or, if nothing differs, as nothing. Not safe for concurrent use.</para>
/// </remarks>
internal sealed partial class PeerLeases
{
    private const int MaxReason = 512;

    private readonly LeaseRules _rules;
    private readonly Func<Lease, string?>? _peerRule;
    private readonly string? _ownKey;
    private readonly bool _usesIPv4;
    private readonly bool _usesIPv6;

    private readonly Dictionary<string, TrackedKey> _keys = new(StringComparer.Ordinal);
    private readonly SubnetMap<List<TrackedKey>> _claims = new();
    private readonly SubnetMap<List<TrackedKey>> _addresses = new();
    private readonly HashSet<TrackedKey> _touched = [];
    private readonly Dictionary<string, TrackedKey> _removed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, QuarantinedLease> _quarantine = new(StringComparer.Ordinal);
    private readonly List<QuarantinedLease> _refused = [];
    private readonly int _maxPeers;
    private readonly int _maxQuarantined;
    private readonly HashSet<DocumentMark> _peersLeftOut = [];
    private readonly HashSet<DocumentMark> _refusalsLeftOut = [];
    private int _refusedCount;
    private int _goodCount;
    private int _quarantined;
    private bool _quarantineChanged;
    private bool _isComplete;
    private long _generation;

    /// <param name="config">The validated network configuration.</param>
    /// <param name="rules">Judges every peer.</param>
    /// <param name="peerRule">The backend's opinion of a peer, or <see langword="null"/> if it has none.</param>
    /// <param name="own">The own lease's key, which is left out whoever holds it; <see langword="null"/> for an observer.</param>
    /// <param name="maxPeers">How many leases are followed.</param>
    /// <param name="maxQuarantined">How many refused leases are remembered.</param>
    public PeerLeases(
        NetworkConfig config,
        LeaseRules rules,
        Func<Lease, string?>? peerRule,
        SubnetKey? own,
        int maxPeers = int.MaxValue,
        int maxQuarantined = int.MaxValue)
    {
        _maxPeers = maxPeers;
        _maxQuarantined = maxQuarantined;
        _rules = rules;
        _peerRule = peerRule;
        _ownKey = own?.ToString();
        _usesIPv4 = config.EnableIPv4;
        _usesIPv6 = config.EnableIPv6;
    }

    /// <summary>
    /// Whether the last good document of a key stands while a refused one replaces it. Without that, what is accepted follows from what the store
    /// holds alone.
    /// </summary>
    public bool KeepsLastGood { get; init; } = true;

    /// <summary>The store revision up to which everything is known.</summary>
    public long Revision { get; private set; }

    /// <summary>Whether a lease that was left out would find room now, after another listing.</summary>
    public bool HasRoomForLeftOut => _peersLeftOut.Count > 0 && _goodCount < _maxPeers;

    /// <summary>The keys seen, the own one excepted.</summary>
    public IReadOnlyCollection<TrackedKey> Keys => _keys.Values;

    /// <summary>The keys that are refused, as far as they are remembered.</summary>
    public IEnumerable<TrackedKey> Refused => _quarantine.Keys.Select(name => _keys[name]);

    /// <summary>
    /// Takes in what the store delivered. Changes that a listing has overtaken are passed over: a watch may still be delivering what led to the state
    /// that was listed.
    /// </summary>
    /// <returns>What to tell the node of its peers, or <see langword="null"/> if nothing changed for them.</returns>
    public SubnetEvent? Apply(StoreEvent result)
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

    /// <summary>Takes in every host that there is.</summary>
    public SubnetEvent? Replace(IEnumerable<PeerEntry> entries, long revision)
    {
        BeginSnapshot();
        foreach (PeerEntry entry in entries)
            Put(entry);
        EndSnapshot();
        Revision = revision;
        return Settle();
    }

    /// <summary>Takes in what changed.</summary>
    public SubnetEvent? Change(IEnumerable<PeerEntryChange> changes, long revision)
    {
        foreach ((string name, PeerEntry? entry) in changes)
        {
            if (entry is not null)
                Put(entry);
            else
                Remove(name);
        }

        Revision = revision;
        return Settle();
    }

    /// <summary>Whether a lease that the store does not hold could be a peer's beside those that it holds.</summary>
    public bool HasPlaceFor(Lease peer) =>
        _rules.Refuse(peer.Key, peer.Attributes) is null
        && AskPeerRule(peer) is null
        && !(_usesIPv4 && peer.Key.IPv4Subnet is { } ipv4 && _claims.Overlapping(ipv4).Any())
        && !(_usesIPv6 && peer.Key.IPv6Subnet is { } ipv6 && _claims.Overlapping(ipv6).Any());

    /// <summary>What was refused since the last call and was not reported before: each document once.</summary>
    public RefusedLeases TakeRefused()
    {
        var refused = new RefusedLeases(_refusedCount, [.. _refused]);
        _refusedCount = 0;
        _refused.Clear();
        return refused;
    }

    /// <summary>What is refused now if that changed since the last call, else <see langword="null"/>.</summary>
    public QuarantineChanged? TakeQuarantine()
    {
        if (!_quarantineChanged)
            return null;

        _quarantineChanged = false;
        return new QuarantineChanged([.. _quarantine.Values], _quarantined + _refusalsLeftOut.Count, _peersLeftOut.Count);
    }

    private void Apply(StoreSnapshot snapshot)
    {
        BeginSnapshot();
        foreach (StoredEntry entry in snapshot.Entries)
            Put(entry);
        EndSnapshot();
    }

    private void BeginSnapshot()
    {
        _generation++;
        _quarantineChanged |= _peersLeftOut.Count > 0 || _refusalsLeftOut.Count > 0;
        _peersLeftOut.Clear();
        _refusalsLeftOut.Clear();
    }

    private void EndSnapshot()
    {
        foreach (TrackedKey key in _keys.Values)
        {
            // Removing from a dictionary does not disturb its enumeration.
            if (key.Generation != _generation)
                Remove(key.Name);
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

        bool exists = _keys.TryGetValue(entry.Key, out TrackedKey? known);
        TrackedKey key = known ?? new TrackedKey(entry.Key);
        key.Generation = _generation;
        DocumentMark document = DocumentMark.Of(entry.Value.Span);
        // The document counts too: a store that was restored from a backup may give the same revision to another one.
        if (exists && key.ModRevision == entry.ModRevision && key.Document == document)
            return;

        bool sameLife = exists && key.CreateRevision == entry.CreateRevision;
        key.See(entry, document);
        Lease? good = Judge(key, entry, out string? refusal) ?? (sameLife && KeepsLastGood ? key.Good : null);
        Take(key, exists, good, refusal);
    }

    private void Put(PeerEntry entry)
    {
        if (_keys.TryGetValue(entry.Name, out TrackedKey? known) && !known.IsOf(entry))
        {
            Remove(entry.Name);
            known = null;
        }

        TrackedKey key = known ?? new TrackedKey(entry);
        key.Generation = _generation;
        key.See(entry);
        Lease? good = Judge(key, entry, out string? refusal) ?? (KeepsLastGood ? known?.Good : null);
        Take(key, known is not null, good, refusal);
    }

    private void Take(TrackedKey key, bool exists, Lease? good, string? refusal)
    {
        if (!exists)
        {
            if (IsLeftOut(key.Name, good, refusal))
                return;
            // What went and came back within one batch goes on; with other subnets it is somebody else.
            if (_removed.TryGetValue(key.Name, out TrackedKey? gone) && gone.IsKey == key.IsKey && gone.Subnets == key.Subnets)
            {
                key.Delivered = gone.Delivered;
                _removed.Remove(key.Name);
            }

            _keys.Add(key.Name, key);
        }

        // Rules of backends and stores quote what others have written.
        key.Refusal = refusal is null ? null : VisibleText.Of(refusal, MaxReason);
        SetGood(key, good);
        _touched.Add(key);
    }

    /// <summary>
    /// Whether a key that was not seen before is beyond its limit. Of its name a mark is kept: names are up to whoever writes them, and may be long
    /// and many.
    /// </summary>
    private bool IsLeftOut(string name, Lease? good, string? refusal)
    {
        bool isFull = good is null ? _keys.Count - _goodCount >= _maxQuarantined : _goodCount >= _maxPeers;
        if (!isFull)
            return false;

        HashSet<DocumentMark> leftOut = good is null ? _refusalsLeftOut : _peersLeftOut;
        if (leftOut.Count < _maxPeers && leftOut.Add(MarkOf(name)))
        {
            _quarantineChanged = true;
            if (refusal is not null)
                _refusedCount++;
        }

        return true;
    }

    private static DocumentMark MarkOf(string name) => DocumentMark.Of(MemoryMarshal.AsBytes(name.AsSpan()));

    private void Remove(string name)
    {
        if (!_keys.Remove(name, out TrackedKey? key))
        {
            DocumentMark mark = MarkOf(name);
            _quarantineChanged |= _peersLeftOut.Remove(mark) | _refusalsLeftOut.Remove(mark);
            return;
        }

        SetGood(key, null);
        SetQuarantined(key, null);
        _touched.Remove(key);
        // One that was never told of must not hide one of the same name that was.
        if (key.Delivered is not null || !_removed.ContainsKey(name))
            _removed[name] = key;
    }

    private Lease? Judge(TrackedKey key, StoredEntry entry, out string? refusal)
    {
        key.Publisher = null;
        refusal = key.KeyProblem ?? entry.Unreadable;
        if (refusal is not null || !entry.TryRead(out LeaseAttributes? attributes, out refusal))
            return null;

        key.Publisher = (attributes.PublicIP, attributes.PublicIPv6);
        if (_rules.IsVacant(entry, attributes))
            return null;

        Lease lease = Lease.From(entry, key.Subnets, attributes);
        refusal = _rules.Refuse(lease.Key, lease.Attributes) ?? AskPeerRule(lease);
        return refusal is null ? lease : null;
    }

    private Lease? Judge(TrackedKey key, PeerEntry entry, out string? refusal)
    {
        key.Publisher = entry.Attributes is { } published ? (published.PublicIP, published.PublicIPv6) : null;
        refusal = key.KeyProblem ?? entry.Problem;
        if (refusal is null && entry.Attributes is null)
            refusal = "it publishes nothing";
        if (refusal is not null)
            return null;
        var lease = new Lease
        {
            Key = key.Subnets,
            Attributes = entry.Attributes!,
            IsReservation = true,
            CreateRevision = entry.CreateRevision,
            ModRevision = entry.ModRevision,
        };
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
        Lease? before = key.Good;
        key.Good = good;
        if (before is null != good is null)
        {
            _goodCount += good is null ? -1 : 1;
            if (_usesIPv4 && key.Subnets.IPv4Subnet is { } ipv4)
                Claim(_claims, key, ipv4, good is not null);
            if (_usesIPv6 && key.Subnets.IPv6Subnet is { } ipv6)
                Claim(_claims, key, ipv6, good is not null);
        }

        if (before?.Attributes.PublicIP?.Equals(good?.Attributes.PublicIP) == true
            && Equals(before.Attributes.PublicIPv6, good!.Attributes.PublicIPv6))
        {
            return;
        }

        foreach (Subnet address in AddressesOf(key, before))
            Claim(_addresses, key, address, claims: false);
        foreach (Subnet address in AddressesOf(key, good))
            Claim(_addresses, key, address, claims: true);
    }

    private void Claim(SubnetMap<List<TrackedKey>> map, TrackedKey key, Subnet subnet, bool claims)
    {
        if (claims)
        {
            if (map.TryGet(subnet, out List<TrackedKey>? others))
                others.Add(key);
            else
                map.Add(subnet, [key]);
            return;
        }

        if (map.TryGet(subnet, out List<TrackedKey>? claimants) && claimants.Remove(key) && claimants.Count == 0)
            map.Remove(subnet);
        // Whoever had to stand back may be right now.
        foreach ((_, List<TrackedKey> overlapping) in map.Overlapping(subnet))
        {
            foreach (TrackedKey other in overlapping)
                _touched.Add(other);
        }
    }
}
