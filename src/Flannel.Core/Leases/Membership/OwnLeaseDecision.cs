using System.Net;
using Flannel.Core.Leases.Peers;
using Flannel.Extensibility;

namespace Flannel.Core.Leases.Membership;

/// <summary>
/// What to do about the own lease, given what stands under its key in the store:
/// <code>
///   the key is                                   and then
///   free, its subnets too                        it is created again
///   free, but a subnet is held under another key it is left alone until that key goes
///   ours                                         it is kept
///   ours, but changed                            our document is put back; if that goes on, another host has our address and we stop
///   somebody else's                              it is left alone until it is free
/// </code>
/// Nothing here waits or writes. All writes that follow compare; one whose outcome is unknown is followed by another look.
/// </summary>
internal static class OwnLeaseDecision
{
    /// <summary>Decides.</summary>
    /// <param name="found">What stands under the key, or <see langword="null"/> if nothing does.</param>
    /// <param name="known">The entry as last known to be ours.</param>
    /// <param name="identity">Who we are.</param>
    /// <param name="rival">Another host's lease that shares a subnet with ours, or <see langword="null"/>.</param>
    /// <param name="mayRestore">Whether a changed document may be put back once more.</param>
    public static OwnLeaseAction Decide(StoredEntry? found, StoredEntry known, NodeIdentity identity, TrackedKey? rival, bool mayRestore)
    {
        if (found is null)
        {
            return rival is null
                ? new OwnLeaseAction.Create()
                : new OwnLeaseAction.Yield(rival.Name, rival.CreateRevision, identity.AddressOf(rival.Publisher), IsRival: true);
        }

        LeaseAttributes? attributes = LeaseAttributes.TryParse(found.Value, out LeaseAttributes? read, out _) ? read : null;
        // A document that nobody can read is ours if it stands in the same life of the key.
        bool isOurs = attributes is null ? found.CreateRevision == known.CreateRevision : identity.IsOwn(attributes);
        if (!isOurs)
            return new OwnLeaseAction.Yield(found.Key, found.CreateRevision, AddressOf(attributes, identity), IsRival: false);
        if (identity.Attributes.Equals(attributes))
            return new OwnLeaseAction.Keep();
        return mayRestore ? new OwnLeaseAction.Restore() : new OwnLeaseAction.YieldToDuplicate();
    }

    private static IPAddress? AddressOf(LeaseAttributes? attributes, NodeIdentity identity) => attributes is null ? null : identity.AddressOf(attributes);
}
