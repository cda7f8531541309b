using Flannel.Netlink.Netfilter;

namespace Flannel.Linux.Traffic;

/// <summary>One policy's rules in one kind of packet filter. Used by one caller at a time.</summary>
internal interface IRuleSet
{
    /// <summary>Whether a change in the kernel may have touched these rules.</summary>
    bool Concerns(NftablesChange change);

    /// <summary>Reads the rules that are wanted and puts right what is wrong.</summary>
    /// <returns>What was wrong and is right now; empty if nothing was written.</returns>
    Task<IReadOnlyList<string>> RepairAsync(CancellationToken cancellationToken);

    /// <summary>Removes, once, what an earlier policy of this network left in this packet filter.</summary>
    /// <returns>What was removed.</returns>
    Task<IReadOnlyList<string>> CleanUpAsync(CancellationToken cancellationToken);

    /// <summary>Removes what this network has in this packet filter, whichever policy or program made it.</summary>
    /// <returns>What was removed.</returns>
    Task<IReadOnlyList<string>> RemoveAsync(CancellationToken cancellationToken);
}
