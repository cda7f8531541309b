using Flannel.Core.Leases.Membership;
using Flannel.Extensibility;

namespace Flannel.Core.Leases;

/// <summary>What a node that looks for a subnet reads out of a snapshot.</summary>
internal sealed class LeaseList
{
    private readonly List<(SubnetKey Key, long CreateRevision)> _others = [];

    private LeaseList(int capacity) => Taken = new List<SubnetKey>(capacity);

    /// <summary>Every key that names subnets, whatever its document says: a subnet with a corrupt document is still somebody's.</summary>
    public List<SubnetKey> Taken { get; }

    /// <summary>The leases that carry the node's public address.</summary>
    public List<OwnEntry> Own { get; } = [];

    /// <summary>Reads a snapshot; keys that name no subnets are passed over.</summary>
    public static LeaseList Read(StoreSnapshot snapshot, NodeIdentity identity)
    {
        var list = new LeaseList(snapshot.Entries.Count);
        foreach (StoredEntry entry in snapshot.Entries)
        {
            if (!SubnetKey.TryParse(entry.Key, out SubnetKey key))
                continue;
            list.Taken.Add(key);
            if (!entry.TryRead(out LeaseAttributes? attributes, out _)) continue;
            if (identity.IsOwn(attributes) || identity.IsHeld(entry, attributes))
                list.Own.Add(new OwnEntry(entry, Lease.From(entry, key, attributes)));
            else
                list._others.Add((key, entry.CreateRevision));
        }

        return list;
    }

    /// <summary>The own lease to keep: one that fits the network, rather the one held before, rather the oldest.</summary>
    public OwnEntry? ChooseOwn(LeaseRequest request)
    {
        OwnEntry? chosen = null;
        foreach (OwnEntry own in Own)
        {
            if (IsFit(request, own)
                && (chosen is not { } other || IsBetter(own.Lease, other.Lease, request.PreviousSubnet)))
            {
                chosen = own;
            }
        }

        return chosen;
    }

    /// <summary>
    /// Whether an own lease can be kept: its subnets may be leased, and no older lease of another host has a part of them, or peers would refuse it.
    /// </summary>
    public bool IsFit(LeaseRequest request, OwnEntry own) =>
        LeaseRules.Fits(request.Config, own.Lease.Key)
        && (own.Lease.IsReservation || !_others.Exists(other =>
            other.CreateRevision < own.Lease.CreateRevision && LeaseRules.Overlap(request.Config, own.Lease.Key, other.Key)));

    private static bool IsBetter(Lease lease, Lease other, SubnetKey? previous) =>
        (lease.Key == previous, -lease.CreateRevision).CompareTo((other.Key == previous, -other.CreateRevision)) > 0;
}
