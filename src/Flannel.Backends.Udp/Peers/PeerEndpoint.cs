using Flannel.Backends.Udp.Sockets;

namespace Flannel.Backends.Udp.Peers;

/// <summary>
/// A peer of one address family as the data path sees it: where its packets go, and what went there. It outlives the tables that it is in, so that
/// its counters go on.
/// </summary>
/// <param name="key">The peer's subnets, its name in the control plane.</param>
/// <param name="address">Where its packets go.</param>
/// <param name="pairs">How many pairs of threads count.</param>
internal sealed class PeerEndpoint(SubnetKey key, SocketAddress address, int pairs)
{
    /// <summary>Where its packets go; compared with where packets come from, ports aside.</summary>
    public readonly SocketAddress Address = address;

    /// <summary>What went to it and came from it, by each pair of threads.</summary>
    public readonly PeerCounters[] Counters = new PeerCounters[pairs];

    /// <summary>The peer's subnets, its name in the control plane.</summary>
    public SubnetKey Key { get; } = key;
}
