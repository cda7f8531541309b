using Flannel.Core.Addressing;
using Flannel.Extensibility;

namespace Flannel.Core.Leases.Peers;

/// <content>What a batch of changes comes to: who is right where leases overlap, what to deliver, what to quarantine.</content>
internal sealed partial class PeerLeases
{
    // Of leases that are refused together, so many are named in the log.
    private const int MaxExamples = 3;

    private SubnetEvent? Settle()
    {
        var changes = new List<LeaseChange>();
        // Departures first: a subnet may leave under one key and come back under another.
        foreach (TrackedKey key in _removed.Values)
            Deliver(key, null, changes);
        var settled = new HashSet<TrackedKey>();
        foreach (TrackedKey key in _touched)
        {
            if (settled.Add(key))
                SettleRivals(key, settled);
        }

        foreach (TrackedKey key in settled)
        {
            if (key.Rival is not null || key.Good is null)
                Deliver(key, null, changes);
        }

        foreach (TrackedKey key in settled)
        {
            if (key.Rival is null && key.Good is not null)
                Deliver(key, key.Good, changes);
            SetQuarantined(key, ReasonToRefuse(key) is { } reason ? new QuarantinedLease(key.Name, reason, key.ModRevision) : null);
        }

        _removed.Clear();
        _touched.Clear();
        if (_isComplete)
        {
            Join(changes);
            return changes.Count == 0 ? null : new LeaseChanges(changes, Revision);
        }


        _isComplete = true;
        return new LeaseSnapshot([.. changes.Select(static change => change.After!)], Revision);
    }

    /// <summary>
    /// Decides who is right among a lease, those it overlaps or shares an address with, those they do, and so on: by age, each against the accepted
    /// ones.
    /// </summary>
    private void SettleRivals(TrackedKey start, HashSet<TrackedKey> settled)
    {
        if (IsAlone(start))
        {
            (start.Rival, start.SharesAddress) = (null, false);
            return;
        }

        List<TrackedKey> group = [start];
        HashSet<List<TrackedKey>>? contested = null;
        for (int i = 0; i < group.Count; i++)
        {
            foreach (List<TrackedKey> claimants in RivalsOf(group[i]))
            {
                bool isAlone = claimants.Count == 1 && claimants[0] == group[i];
                // Each list is walked once, or very many claims to one subnet would cost their square.
                if (isAlone || !(contested ??= []).Add(claimants))
                    continue;
                foreach (TrackedKey other in claimants)
                {
                    if (settled.Add(other))
                        group.Add(other);
                }
            }
        }

        (start.Rival, start.SharesAddress) = (null, false);
        if (group.Count == 1)
            return;

        group.Sort(ByAge);
        var holders = new SubnetMap<TrackedKey>();
        var addresses = new SubnetMap<TrackedKey>();
        foreach (TrackedKey key in group)
        {
            TrackedKey? overlapped = SubnetsInUse(key).SelectMany(holders.Overlapping).Select(static holder => holder.Value).FirstOrDefault();
            key.Rival = overlapped
                ?? AddressesInUse(key)
                    .SelectMany(addresses.Overlapping)
                    .Select(static holder => holder.Value)
                    .FirstOrDefault(holder => !IsOneHost(holder, key));
            key.SharesAddress = key.Rival is not null && overlapped is null;
            if (key.Rival is not null)
                continue;
            foreach (Subnet subnet in SubnetsInUse(key))
                holders.Add(subnet, key);
            foreach (Subnet address in AddressesInUse(key))
            {
                if (!addresses.TryGet(address, out _))
                    addresses.Add(address, key);
            }
        }
    }

    /// <summary>
    /// Whether two leases say the same of their holder: a host that has two, as where the store came back from a backup with a lease that it had
    /// before. Nobody gains by such a lease, and to refuse the younger one would cut off what the host works with.
    /// </summary>
    private static bool IsOneHost(TrackedKey left, TrackedKey right) => left.Good!.Attributes.Equals(right.Good!.Attributes);

    /// <summary>Whether a look shows that a lease has no rivals, as nearly always: of thousands of leases each is asked.</summary>
    private bool IsAlone(TrackedKey key)
    {
        foreach (Subnet subnet in SubnetsInUse(key))
        {
            if (!_claims.TryGetOnly(subnet, out List<TrackedKey>? claimants) || claimants.Count > 1) return false;
        }

        foreach (Subnet address in AddressesInUse(key))
        {
            if (!_addresses.TryGetOnly(address, out List<TrackedKey>? claimants) || claimants.Count > 1) return false;
        }

        return true;
    }

    private IEnumerable<List<TrackedKey>> RivalsOf(TrackedKey key) =>
        SubnetsInUse(key)
            .SelectMany(_claims.Overlapping)
            .Concat(AddressesInUse(key).SelectMany(_addresses.Overlapping))
            .Select(static found => found.Value);

    private IEnumerable<Subnet> SubnetsInUse(TrackedKey key)
    {
        if (key.Good is null)
            yield break;
        if (_usesIPv4 && key.Subnets.IPv4Subnet is { } ipv4)
            yield return ipv4;
        if (_usesIPv6 && key.Subnets.IPv6Subnet is { } ipv6)
            yield return ipv6;
    }

    private IEnumerable<Subnet> AddressesInUse(TrackedKey key) => AddressesOf(key, key.Good);

    private IEnumerable<Subnet> AddressesOf(TrackedKey key, Lease? lease)
    {
        if (_usesIPv4 && key.Subnets.IPv4Subnet is not null && lease?.Attributes.PublicIP is { } ipv4)
            yield return new Subnet(ipv4, 32);
        if (_usesIPv6 && key.Subnets.IPv6Subnet is not null && lease?.Attributes.PublicIPv6 is { } ipv6)
            yield return new Subnet(ipv6, 128);
    }

    // Every node must come to the same end, so leases that one transaction created are told apart by name.
    private static int ByAge(TrackedKey left, TrackedKey right)
    {
        int order = (left.Good?.CreateRevision ?? 0).CompareTo(right.Good?.CreateRevision ?? 0);
        return order != 0 ? order : string.CompareOrdinal(left.Name, right.Name);
    }

    private static string? ReasonToRefuse(TrackedKey key) => key.Refusal
        ?? (key.Rival is not { Good.Attributes: { } other } rival ? null
            : key.SharesAddress ? $"its public address is that of {rival.Name} ({other.PublicIP ?? other.PublicIPv6}), which is older"
            : $"it overlaps {rival.Name} ({other.PublicIP ?? other.PublicIPv6}), which is older");

    private static void Deliver(TrackedKey key, Lease? lease, List<LeaseChange> changes)
    {
        Lease? before = key.Delivered;
        key.Delivered = lease;
        if (before is null ? lease is not null : lease is null || !before.Attributes.Equals(lease.Attributes))
            changes.Add(new LeaseChange(before, lease));
    }

    /// <summary>A subnet that passes from one host to another under two names is one change.</summary>
    private static void Join(List<LeaseChange> changes)
    {
        Dictionary<SubnetKey, int>? gone = null;
        for (int i = 0; i < changes.Count; i++)
        {
            if (changes[i] is { Before: { } before, After: null })
            {
                (gone ??= [])[before.Key] = i;
            }
            else if (changes[i] is { Before: null, After: { } after } && gone is not null && gone.Remove(after.Key, out int at))
            {
                Lease former = changes[at].Before!;
                changes[at] = default;
                changes[i] = former.Attributes.Equals(after.Attributes) ? default : new LeaseChange(former, after);
            }
        }

        if (gone is not null)
            changes.RemoveAll(static change => change == default);
    }

    private void SetQuarantined(TrackedKey key, QuarantinedLease? quarantined)
    {
        if (Equals(key.Quarantined, quarantined))
            return;

        _quarantined += (quarantined is null ? 0 : 1) - (key.Quarantined is null ? 0 : 1);
        key.Quarantined = quarantined;
        _quarantineChanged = true;
        _quarantine.Remove(key.Name);
        if (quarantined is null)
            return;

        if (_quarantine.Count < _maxQuarantined)
            _quarantine.Add(key.Name, quarantined);
        _refusedCount++;
        if (_refused.Count < MaxExamples)
            _refused.Add(quarantined);
    }
}
