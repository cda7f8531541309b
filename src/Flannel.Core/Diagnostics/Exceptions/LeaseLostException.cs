using System.Net;
using Flannel.Core.Leases.Membership;

namespace Flannel;

/// <summary>The node's own lease was deleted, has expired or belongs to somebody else.</summary>
public sealed class LeaseLostException : LeaseException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="key">The subnet that was lost.</param>
    /// <param name="message">What was found, and what to do.</param>
    /// <param name="isTransient">Whether the node gets the subnet back by itself.</param>
    /// <param name="innerException">The cause, if another exception was the cause.</param>
    public LeaseLostException(SubnetKey key, string message, bool isTransient, Exception? innerException = null)
        : base(message, innerException) => (Key, IsTransient) = (key, isTransient);

    /// <summary>The subnet that was lost.</summary>
    public SubnetKey Key { get; }

    /// <summary>Whether the node gets the subnet back by itself; not while another host holds it.</summary>
    public override bool IsTransient { get; }

    internal static LeaseLostException Gone(SubnetKey key, StoreException error) =>
        new(key, $"The lease {key} is gone and could not be taken again yet: {error.Message}", isTransient: true, error);

    internal static LeaseLostException Taken(SubnetKey key, IPAddress own, OwnLeaseAction.Yield to) => new(
        key,
        $"The subnet {key} of this node ({own}) belongs to {to.Holder?.ToString() ?? "somebody whose document cannot be read"} now " +
        $"(key {to.Key}, created at revision {to.CreateRevision}). " +
        "It is not overwritten, and is taken again as soon as it is free: delete the key to get it back, or restart the node to lease " +
        "another subnet.",
        isTransient: false);

    internal static LeaseLostException Younger(SubnetKey key, IPAddress own, SubnetKey elder) => new(
        key,
        $"The lease {elder} has this node's public address {own}, too, and is older than {key}; this node finds out whether another " +
        "host holds it.",
        isTransient: true);

    internal static LeaseLostException Overlapped(SubnetKey key, SubnetKey elder) => new(
        key,
        $"The lease {elder} of another host overlaps {key} and is older; this node leases another subnet.",
        isTransient: true);

    internal static LeaseLostException Overdue(SubnetKey key, DateTimeOffset? end) => new(
        key,
        $"The lease {key} could not be renewed before its end{(end is { } time ? $" ({time:u})" : "")} and may be lost: another host may lease " +
        "the subnet as soon as the store works again. This node renews the lease, or takes it again, when the store answers.",
        isTransient: true);
}
