using Flannel.Backends.Udp.Sockets;
using Flannel.Core.Addressing;

namespace Flannel.Backends.Udp.Peers;

/// <summary>
/// A peer of one address family as the data path sees it: where its packets go, and what went there. It outlives the tables that it is in, so that its
/// counters go on.
/// </summary>
/// <param name="key">The peer's subnets, its name in the control plane.</param>
/// <param name="address">Where its packets go.</param>
internal sealed class PeerEndpoint(SubnetKey key, SocketAddress address)
{
    /// <summary>Where its packets go; compared with where packets come from, ports aside.</summary>
    public readonly SocketAddress Address = address;

    /// <summary>What went to it and came from it.</summary>
    public PeerCounters Counters;

    /// <summary>The peer's subnets, its name in the control plane.</summary>
    public SubnetKey Key { get; } = key;
}
