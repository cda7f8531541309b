using System.Net;
using Flannel.Core.Leases.Peers;
using Flannel.Extensibility;

namespace Flannel.Core.Leases.Membership;

/// <summary>
/// What to do about the own lease, given what stands under its key in the store:
/// <code>
///   the key is                                    and then
///   free, its subnets too                         it is created again
///   free, but a subnet is held under another key  it is left alone until that key goes
///   ours, as last written                         it is kept
///   ours, made a reservation or a lease           it is kept: an operator did that
///   ours again, after it was lost                 it is kept: we wrote it and never heard so, or somebody gave it back
///   ours, with a document that nobody can read    our document is put back
///   ours, written by somebody else                he has our address. On the watch: we are here, and write at once, which tells him so.
///                                                 Found after a time away: the lease is claimed, to see whether he is here
///   ours, written in answer to what we wrote      he was here before us: the lease is his, and is claimed again from time to time
///   somebody else's                               it is left alone until it is free
/// </code>
/// Nothing here waits or writes. All writes that follow compare; one whose outcome is unknown is followed by another look. A claim leaves the
/// document as it is, so peers notice nothing of one that is answered (<c>docs/adr/0010-one-live-holder-per-lease.md</c>).
/// </summary>
internal static class OwnLeaseDecision
{
    /// <summary>Decides.</summary>
    /// <param name="found">What stands under the key, or <see langword="null"/> if nothing does.</param>
    /// <param name="known">The entry as last known to be ours.</param>
    /// <param name="identity">Who we are.</param>
    /// <param name="rival">Another host's lease that shares a subnet with ours, or <see langword="null"/>.</param>
    /// <param name="sight">How it was found.</param>
    public static OwnLeaseAction Decide(StoredEntry? found, StoredEntry known, NodeIdentity identity, TrackedKey? rival, OwnLeaseSight sight)
    {
        if (found is null)
        {
            return rival is null
                ? new OwnLeaseAction.Create()
                : new OwnLeaseAction.Yield(rival.Name, rival.CreateRevision, identity.AddressOf(rival.Publisher), IsRival: true);
        }

        LeaseAttributes? attributes = found.TryRead(out LeaseAttributes? read, out _) ? read : null;
        // A document that nobody can read is ours if it stands in the same life of the key.
        bool isOurs = attributes is null ? found.CreateRevision == known.CreateRevision : identity.IsOwn(attributes);
        if (!isOurs)
            return new OwnLeaseAction.Yield(found.Key, found.CreateRevision, AddressOf(attributes, identity), IsRival: false);

        // A store that was restored from a backup shows what we wrote before.
        bool isForeign = found.ModRevision > known.ModRevision;
        bool isSame = identity.Attributes.Equals(attributes);
        if (sight.HasYielded)
            return isForeign && sight.IsAsking ? new OwnLeaseAction.YieldToDuplicate() : new OwnLeaseAction.Wait();
        if (isSame && (!isForeign || sight.IsLost || found.HasTimeToLive != known.HasTimeToLive))
            return new OwnLeaseAction.Keep();
        if (isForeign && attributes is not null && sight.IsAnswer)
            return new OwnLeaseAction.YieldToDuplicate();
        if (isForeign && attributes is not null && !sight.IsLive)
            return new OwnLeaseAction.Ask();
        if (!sight.MayAnswer)
            return new OwnLeaseAction.YieldToDuplicate();
        return isForeign && attributes is not null ? new OwnLeaseAction.Answer() : new OwnLeaseAction.Restore();
    }

    private static IPAddress? AddressOf(LeaseAttributes? attributes, NodeIdentity identity) =>
        attributes is null ? null : identity.AddressOf(attributes);
}
