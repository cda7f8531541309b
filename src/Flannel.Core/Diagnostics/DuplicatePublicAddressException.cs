using System.Net;

namespace Flannel;

/// <summary>
/// Another host publishes the same public address, so both take the same lease for their own and overwrite each other's document. Typical for virtual
/// machines that all have the same address behind NAT; choose the interface or the public address by the node's options.
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
}
