using System.Net;

namespace Flannel;

/// <summary>Every subnet between the configured bounds is taken.</summary>
public sealed class SubnetPoolExhaustedException : LeaseException
{
    internal SubnetPoolExhaustedException(IPNetwork network, string message)
        : base(message) => Network = network;

    /// <summary>The network whose subnets are all taken.</summary>
    public IPNetwork Network { get; }
}
