using Flannel.Core.Addressing;
using Flannel.Core.Leases;
using Flannel.Core.Leases.Peers;
using Flannel.Extensibility;

namespace Flannel.Core.Tests.Leases.Peers;

/// <summary>What a <see cref="PeerLeases"/> should know, worked out from scratch each time.</summary>
internal sealed class SlowPeerLeases(NetworkConfig config, SubnetKey own)
{
    private readonly LeaseRules _rules = new(config, SubnetManagerLab.Attributes(1), own);
    private readonly Dictionary<string, (long CreateRevision, LeaseAttributes? Good, bool IsRefused)> _observed = [];

    /// <summary>Everything in the store is seen at once; whoever is not in it is gone.</summary>
    public void Observe(IEnumerable<StoredEntry> entries, bool clear)
    {
        StoredEntry[] all = [.. entries];
        foreach (string gone in _observed.Keys.Where(key => clear && !all.Any(entry => entry.Key == key)).ToArray())
            _observed.Remove(gone);
        foreach (StoredEntry entry in all)
            Observe(new StoreChange(entry.Key, entry));
    }

    /// <summary>One change is seen.</summary>
    public void Observe(StoreChange change)
    {
        if (change.Entry is not { } entry)
        {
            _observed.Remove(change.Key);
            return;
        }

        LeaseAttributes? good = LeaseAttributes.TryParse(entry.Value, out LeaseAttributes? read, out _)
            && SubnetKey.TryParse(entry.Key, out SubnetKey key)
            && _rules.Refuse(key, read) is null ? read : null;
        bool sameLife = _observed.TryGetValue(entry.Key, out var known) && known.CreateRevision == entry.CreateRevision;
        _observed[entry.Key] = (entry.CreateRevision, good ?? (sameLife ? known.Good : null), good is null);
    }

    /// <summary>The peers to deliver: by age, each unless it overlaps one accepted before or has its address.</summary>
    public Dictionary<string, LeaseAttributes> Accepted()
    {
        var accepted = new Dictionary<string, LeaseAttributes>();
        var keys = new List<SubnetKey>();
        foreach ((string name, (long _, LeaseAttributes? good, bool _)) in _observed.OrderBy(pair => pair.Value.CreateRevision))
        {
            if (good is null || name == own.ToString())
                continue;
            SubnetKey key = SubnetKey.Parse(name);
            if (keys.Exists(other => Overlaps(other.IPv4Subnet, key.IPv4Subnet) || Overlaps(other.IPv6Subnet, key.IPv6Subnet)))
                continue;
            if (accepted.Any(other => SharesAddress(other.Value, SubnetKey.Parse(other.Key), good, key)))
                continue;
            keys.Add(key);
            accepted.Add(name, good);
        }

        return accepted;
    }

    /// <summary>The keys to quarantine: those with a bad document, and those that overlap an accepted one.</summary>
    public IEnumerable<string> Refused()
    {
        Dictionary<string, LeaseAttributes> accepted = Accepted();
        return _observed.Where(pair => pair.Key != own.ToString() && (pair.Value.IsRefused || !accepted.ContainsKey(pair.Key)))
            .Select(pair => pair.Key);
    }

    private static bool SharesAddress(LeaseAttributes left, SubnetKey leftKey, LeaseAttributes right, SubnetKey rightKey) =>
        !left.Equals(right) &&
        ((leftKey.IPv4Subnet is not null && rightKey.IPv4Subnet is not null && Equals(left.PublicIP, right.PublicIP))
        || (leftKey.IPv6Subnet is not null && rightKey.IPv6Subnet is not null && Equals(left.PublicIPv6, right.PublicIPv6)));

    private static bool Overlaps(Subnet? left, Subnet? right) => left is { } one && right is { } other && one.Overlaps(other);
}
