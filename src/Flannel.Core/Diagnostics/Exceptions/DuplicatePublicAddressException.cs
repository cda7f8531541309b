using System.Net;

namespace Flannel;

/// <summary>
/// Another live host has the same public address, so both take the same lease for their own. The one that was there first keeps it and is degraded;
/// the other one is not ready, and takes the lease when the first is gone. Typical for virtual machines that all have the same address behind NAT;
/// choose the interface or the public address by the node's options.
/// </summary>
public sealed class DuplicatePublicAddressException : LeaseException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="key">The lease that both hosts write.</param>
    /// <param name="address">The address that both hosts publish.</param>
    /// <param name="message">What was found, and what to do.</param>
    /// <param name="innerException">The cause, if another exception was the cause.</param>
    public DuplicatePublicAddressException(SubnetKey key, IPAddress address, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Key = key;
        Address = address;
    }

    /// <summary>The lease that both hosts write.</summary>
    public SubnetKey Key { get; }

    /// <summary>The address that both hosts publish.</summary>
    public IPAddress Address { get; }

    /// <summary>
    /// How much longer to wait than usual before the lease is claimed again: in a slow store, what comes sooner looks like an answer.
    /// </summary>
    internal TimeSpan Pause { get; private init; }

    private const string WayOut =
        "Give each host a public address that no other one has: the option ExternalInterface.PublicIP or PublicIPv6 (flannel: -public-ip, " +
        "-public-ipv6), or another interface (-iface).";

    internal static DuplicatePublicAddressException Claiming(SubnetKey key, IPAddress address, long revision) => new(
        key,
        address,
        $"Another host has this node's public address {address} and claims its lease {key} (revision {revision}). This node keeps the lease, and " +
        $"the other one cannot join. {WayOut}");

    internal static DuplicatePublicAddressException Holding(SubnetKey key, IPAddress address, TimeSpan pause) => new(
        key,
        address,
        $"Another host has this node's public address {address}, holds the lease {key} and is alive. This node cannot join while it is. {WayOut}")
    {
        Pause = pause,
    };
}
