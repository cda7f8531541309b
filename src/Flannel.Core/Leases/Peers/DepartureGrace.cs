using Flannel.Extensibility;

namespace Flannel.Core.Leases.Peers;

/// <summary>
/// Holds back the departure of peers for a while. A node whose lease was deleted or ran out takes it again within moments; if its peers had dropped it
/// at once, packets would be lost for nothing. A peer that comes back unchanged leaves no trace.
/// </summary>
/// <remarks>Not safe for concurrent use. A subnet that passes on to another lease departs at once, so that two leases never hold one subnet.</remarks>
/// <param name="grace">How long to hold a departure; zero lets everything pass.</param>
internal sealed class DepartureGrace(TimeSpan grace)
{
    private readonly Dictionary<SubnetKey, (Lease Peer, TimeSpan Due)> _held = [];
    private long _revision;

    /// <summary>When <see cref="Release"/> is due; the end of time if nothing is held.</summary>
    public TimeSpan DueAt => _held.Count == 0 ? TimeSpan.MaxValue : _held.Values.Min(static held => held.Due);

    /// <summary>Takes in what changed and returns what to tell now.</summary>
    /// <param name="result">What the tracker found.</param>
    /// <param name="now">The time.</param>
    public SubnetEvent? Pass(SubnetEvent? result, TimeSpan now)
    {
        if (grace == TimeSpan.Zero || result is not LeaseChanges { Changes: var changes, Revision: var revision }) return result;
        _revision = revision;
        var passed = new List<LeaseChange>(changes.Count);
        foreach ((Lease? before, Lease? after) in changes)
        {
            if (after is null)
            {
                _held[before!.Key] = (before, now + grace);
                continue;
            }

            bool isBack = _held.Remove(after.Key, out (Lease Peer, TimeSpan Due) held);
            if (!isBack && before is null) LetGoOverlapping(after.Key, passed);
            if (!isBack) passed.Add(new LeaseChange(before, after));
            else if (!held.Peer.Attributes.Equals(after.Attributes)) passed.Add(new LeaseChange(held.Peer, after));
        }

        return passed.Count == 0 ? null : new LeaseChanges(passed, revision);
    }

    /// <summary>The departures whose time has come, or <see langword="null"/>.</summary>
    /// <param name="now">The time.</param>
    public LeaseChanges? Release(TimeSpan now)
    {
        List<LeaseChange> gone = [.. _held.Values.Where(held => held.Due <= now).Select(static held => new LeaseChange(held.Peer, null))];
        foreach (LeaseChange change in gone) _held.Remove(change.Before!.Key);
        return gone.Count == 0 ? null : new LeaseChanges(gone, _revision);
    }

    private void LetGoOverlapping(SubnetKey key, List<LeaseChange> passed)
    {
        if (_held.Count == 0) return;
        foreach ((Lease peer, _) in _held.Values.ToList())
        {
            if (!Overlaps(peer.Key, key)) continue;
            passed.Add(new LeaseChange(peer, null));
            _held.Remove(peer.Key);
        }
    }

    private static bool Overlaps(SubnetKey left, SubnetKey right) =>
        (left.IPv4Subnet is { } ipv4 && right.IPv4Subnet is { } otherIPv4 && ipv4.Overlaps(otherIPv4))
        || (left.IPv6Subnet is { } ipv6 && right.IPv6Subnet is { } otherIPv6 && ipv6.Overlaps(otherIPv6));
}
