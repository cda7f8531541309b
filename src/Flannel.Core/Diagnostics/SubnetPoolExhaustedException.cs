using System.Net;

namespace Flannel;

/// <summary>Every subnet between the configured bounds is taken.</summary>
public sealed class SubnetPoolExhaustedException : LeaseException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="network">The network whose subnets are all taken.</param>
    /// <param name="message">How many there are, and what to do.</param>
    public SubnetPoolExhaustedException(IPNetwork network, string message)
        : base(message) => Network = network;

    /// <summary>The network whose subnets are all taken.</summary>
    public IPNetwork Network { get; }
}
