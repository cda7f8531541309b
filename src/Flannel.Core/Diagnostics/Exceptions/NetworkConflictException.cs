using Flannel.Extensibility;

namespace Flannel;

/// <summary>
/// Two networks of one process want the same device or port, or overlapping ranges, in the same network namespace. The second one is not started.
/// </summary>
public sealed class NetworkConflictException : FlannelException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="network">The name of the network that is refused.</param>
    /// <param name="other">The name of the network that was there first.</param>
    /// <param name="what">What both want, as a clause: <c>both want the device flannel.1</c>.</param>
    public NetworkConflictException(string network, string other, string what)
        : base(
            $"{(network.Length == 0 ? "The default network" : NetworkName.Of(network))} and " +
            $"{(other.Length == 0 ? "the default network" : NetworkName.Within(other))} of this process cannot run in one network namespace: " +
            $"{what}. Give each network its own range and, with vxlan, its own VNI, with udp, its own Port, or run them in different namespaces " +
            "(FlannelOptions.NetworkNamespace).")
    {
        Network = network;
        Other = other;
    }

    /// <summary>The name of the network that is refused.</summary>
    public string Network { get; }

    /// <summary>The name of the network that was there first.</summary>
    public string Other { get; }
}
