using System.Net;

namespace Flannel.Core.Leases.Membership;

/// <summary>What a look at the own lease's key asks for. The set is closed.</summary>
internal abstract record OwnLeaseAction
{
    private OwnLeaseAction()
    {
    }

    /// <summary>The entry is ours and as it should be: recognise it.</summary>
    public sealed record Keep : OwnLeaseAction;

    /// <summary>Nobody holds the key: create it again, the subnet was ours.</summary>
    public sealed record Create : OwnLeaseAction;

    /// <summary>The entry is ours, but somebody changed its document: put ours back.</summary>
    public sealed record Restore : OwnLeaseAction;

    /// <summary>Another host has our address and claims the lease: write, so that it learns that we hold it.</summary>
    public sealed record Answer : OwnLeaseAction;

    /// <summary>Another host with our address may hold the lease: claim it, to see whether somebody answers.</summary>
    public sealed record Ask : OwnLeaseAction;

    /// <summary>Another host with our address holds the lease: do nothing until it is time to claim it again.</summary>
    public sealed record Wait : OwnLeaseAction;

    /// <summary>The subnet is somebody else's: leave it alone and wait until it is free.</summary>
    /// <param name="Key">The key under which it is held.</param>
    /// <param name="CreateRevision">The revision that created that key.</param>
    /// <param name="Holder">The holder's address, or <see langword="null"/> if its document cannot be read.</param>
    /// <param name="IsRival">Whether it is held under another key than ours.</param>
    public sealed record Yield(string Key, long CreateRevision, IPAddress? Holder, bool IsRival) : OwnLeaseAction;

    /// <summary>Another host with our address holds the lease and says so: leave it alone.</summary>
    public sealed record YieldToDuplicate : OwnLeaseAction;
}
