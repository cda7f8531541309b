using System.Net;

namespace Flannel;

/// <summary>Every subnet between the configured bounds is taken.</summary>
public sealed class SubnetPoolExhaustedException : LeaseException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="network">The network whose subnets are all taken.</param>
    /// <param name="message">What was asked, what was found, what to do.</param>
    /// <param name="innerException">The cause, if another exception was the cause.</param>
    public SubnetPoolExhaustedException(IPNetwork network, string message, Exception? innerException = null)
        : base(message, innerException) => Network = network;

    /// <summary>The network whose subnets are all taken.</summary>
    public IPNetwork Network { get; }
}
