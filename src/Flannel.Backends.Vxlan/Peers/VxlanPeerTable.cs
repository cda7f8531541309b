using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Flannel.Backends.Vxlan.Devices;
using Flannel.Backends.Vxlan.Entries;
using Flannel.Core.Addressing;
using Flannel.Core.Leases;

namespace Flannel.Backends.Vxlan.Peers;

/// <summary>
/// The peers of one address family and the kernel entries they need. Few peers give exactly flannel's entries; above a threshold routes go through
/// nexthop objects, because the kernel searches all plain routes of a device for each one that is added.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
/// <param name="family">The address family.</param>
/// <param name="vni">Our network identifier.</param>
/// <param name="nexthopThreshold">Above how many peers nexthop objects are used.</param>
/// <param name="isReachableDirectly">Whether a host is reached without a gateway; <see langword="null"/> without direct routing.</param>
internal sealed class VxlanPeerTable(AddressFamily family, int vni, int nexthopThreshold, Func<IPAddress, bool>? isReachableDirectly)
{
    private readonly Dictionary<SubnetKey, VxlanPeer> _peers = [];
    private readonly Dictionary<PhysicalAddress, List<SubnetKey>> _claims = [];
    private readonly Dictionary<SubnetKey, string> _unusable = [];

    /// <summary>How many peers there are.</summary>
    public int Count => _peers.Count;

    /// <summary>Whether routes go through nexthop objects.</summary>
    public bool UsesNexthops { get; private set; }

    /// <summary>Replaces all peers.</summary>
    /// <returns>Every entry that shall be.</returns>
    public Dictionary<VxlanEntryKey, VxlanEntry> Replace(IReadOnlyList<Lease> leases)
    {
        _peers.Clear();
        _claims.Clear();
        _unusable.Clear();
        foreach (Lease lease in leases) Add(lease);
        UpdateMode();

        var entries = new Dictionary<VxlanEntryKey, VxlanEntry>(_peers.Count * 4);
        foreach (VxlanPeer peer in _peers.Values) AddEntries(peer, entries);
        return entries;
    }

    /// <summary>Changes the peers.</summary>
    /// <returns>How the entries change with them.</returns>
    public VxlanEntryChanges Change(IReadOnlyList<LeaseChange> changes)
    {
        var affected = new HashSet<SubnetKey>();
        foreach (LeaseChange change in changes)
        {
            AddWithRivals(change.Before);
            AddWithRivals(change.After);
        }

        return Rewrite(affected, () =>
        {
            foreach (LeaseChange change in changes)
            {
                if (change.Before is { } before) Remove(before.Key);
                if (change.After is { } after) Add(after);
            }
        });

        void AddWithRivals(Lease? lease)
        {
            if (lease is null) return;
            affected.Add(lease.Key);
            if (_peers.TryGetValue(lease.Key, out VxlanPeer? known)) affected.UnionWith(_claims[known.Mac]);
            VxlanPeer? stated = VxlanPeer.From(lease, family, vni, out _);
            if (stated is not null && _claims.TryGetValue(stated.Mac, out List<SubnetKey>? rivals)) affected.UnionWith(rivals);
        }
    }

    /// <summary>Looks anew which hosts are reached without a gateway.</summary>
    /// <returns>How the entries change, or <see langword="null"/> if they do not.</returns>
    public VxlanEntryChanges? ReviewDirectRouting()
    {
        if (isReachableDirectly is null) return null;
        var reviewed = _peers.Values
            .Select(peer => peer with { IsDirect = isReachableDirectly(peer.Host) })
            .Where(peer => peer.IsDirect != _peers[peer.Key].IsDirect)
            .ToList();
        if (reviewed.Count == 0) return null;
        return Rewrite([.. reviewed.Select(static peer => peer.Key)], () =>
        {
            foreach (VxlanPeer peer in reviewed) _peers[peer.Key] = peer;
        });
    }

    /// <summary>Why peers have no entries, and which entries that could not be written belong to which peer.</summary>
    /// <param name="failures">The entries that could not be written or removed.</param>
    public ImmutableDictionary<SubnetKey, string> DescribeProblems(IReadOnlyDictionary<VxlanEntryKey, Exception> failures)
    {
        if (failures.Count == 0 && _unusable.Count == 0 && _claims.Count == _peers.Count) return ImmutableDictionary<SubnetKey, string>.Empty;
        var problems = ImmutableDictionary.CreateBuilder<SubnetKey, string>();
        problems.AddRange(_unusable);
        var entries = new Dictionary<VxlanEntryKey, VxlanEntry>();
        foreach (VxlanPeer peer in _peers.Values)
        {
            entries.Clear();
            if (!AddEntries(peer, entries))
                problems[peer.Key] = $"publishes the MAC {MacAddress.Format(peer.Mac)}, which the older lease {WinnerOf(peer.Mac)} has";
            else if (failures.Count > 0 && entries.Keys.Where(failures.ContainsKey).Order(VxlanEntryOrder.Instance).ToList() is [var key, ..])
                problems[peer.Key] = $"{key}: {failures[key].Message}";
        }

        return problems.ToImmutable();
    }

    private VxlanEntryChanges Rewrite(HashSet<SubnetKey> affected, Action change)
    {
        var before = new Dictionary<VxlanEntryKey, VxlanEntry>();
        foreach (SubnetKey key in affected) AddEntries(key, before);
        change();
        bool usedNexthops = UsesNexthops;
        UpdateMode();
        if (UsesNexthops != usedNexthops)
        {
            // Every route changes its form, those of unaffected peers too.
            (bool uses, UsesNexthops) = (UsesNexthops, usedNexthops);
            foreach (SubnetKey key in _peers.Keys.Where(affected.Add)) AddEntries(key, before);
            UsesNexthops = uses;
        }

        var after = new Dictionary<VxlanEntryKey, VxlanEntry>();
        foreach (SubnetKey key in affected) AddEntries(key, after);
        return new VxlanEntryChanges([.. before.Keys.Where(key => !after.ContainsKey(key))], after);
    }

    private void Add(Lease lease)
    {
        Remove(lease.Key);
        VxlanPeer? peer = VxlanPeer.From(lease, family, vni, out string? reason);
        if (reason is not null) _unusable[lease.Key] = reason;
        if (peer is null) return;
        if (isReachableDirectly is not null) peer = peer with { IsDirect = isReachableDirectly(peer.Host) };
        _peers[peer.Key] = peer;
        if (_claims.TryGetValue(peer.Mac, out List<SubnetKey>? claimants)) claimants.Add(peer.Key);
        else _claims[peer.Mac] = [peer.Key];
    }

    private void Remove(SubnetKey key)
    {
        _unusable.Remove(key);
        if (!_peers.Remove(key, out VxlanPeer? peer)) return;
        List<SubnetKey> claimants = _claims[peer.Mac];
        claimants.Remove(key);
        if (claimants.Count == 0) _claims.Remove(peer.Mac);
    }

    /// <summary>
    /// Leaves a margin between coming and going, so that a peer count around the threshold does not rewrite all routes again and again.
    /// </summary>
    private void UpdateMode() =>
        UsesNexthops = _peers.Count > (UsesNexthops ? nexthopThreshold - (nexthopThreshold / 5) : nexthopThreshold);

    /// <summary>Of several peers with one MAC only the oldest can be reached.</summary>
    private SubnetKey WinnerOf(PhysicalAddress mac)
    {
        List<SubnetKey> claimants = _claims[mac];
        return claimants.Count == 1
            ? claimants[0]
            : claimants.OrderBy(key => _peers[key].CreateRevision).ThenBy(static key => key.ToString(), StringComparer.Ordinal).First();
    }

    private void AddEntries(SubnetKey key, Dictionary<VxlanEntryKey, VxlanEntry> entries)
    {
        if (_peers.TryGetValue(key, out VxlanPeer? peer)) AddEntries(peer, entries);
    }

    /// <summary>Adds what a peer needs.</summary>
    /// <returns>Whether the peer can be reached at all.</returns>
    private bool AddEntries(VxlanPeer peer, Dictionary<VxlanEntryKey, VxlanEntry> entries)
    {
        if (WinnerOf(peer.Mac) != peer.Key) return false;
        if (peer.IsDirect)
        {
            entries[VxlanEntryKey.Route(peer.Subnet)] = VxlanEntry.Route(peer.Host, VxlanEntryForm.Direct);
            return true;
        }

        entries[VxlanEntryKey.Forwarding(peer.Mac)] = VxlanEntry.Forwarding(peer.Host);
        entries[VxlanEntryKey.Neighbour(peer.Gateway)] = VxlanEntry.Neighbour(peer.Mac);
        if (UsesNexthops) entries[VxlanEntryKey.Nexthop(peer.Gateway)] = VxlanEntry.Nexthop;
        VxlanEntryForm form = UsesNexthops ? VxlanEntryForm.ThroughNexthop : VxlanEntryForm.Plain;
        entries[VxlanEntryKey.Route(peer.Subnet)] = VxlanEntry.Route(peer.Gateway, form);
        return true;
    }
}
