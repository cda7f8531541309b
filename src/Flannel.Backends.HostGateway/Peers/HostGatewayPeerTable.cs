using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Flannel.Core.Addressing;
using Flannel.Core.Leases;

namespace Flannel.Backends.HostGateway.Peers;

/// <summary>The peers of one address family and the routes that they need: subnet → host. A peer with an obstacle needs none.</summary>
/// <remarks>Not thread-safe.</remarks>
/// <param name="family">The address family.</param>
/// <param name="findObstacle">Why a host cannot be a gateway now, or <see langword="null"/> if it can.</param>
internal sealed class HostGatewayPeerTable(AddressFamily family, Func<IPAddress, string?> findObstacle)
{
    private readonly Dictionary<SubnetKey, HostGatewayPeer> _peers = [];
    private readonly Dictionary<SubnetKey, string> _unusable = [];

    /// <summary>Replaces all peers.</summary>
    /// <returns>Every route that shall be.</returns>
    public Dictionary<IPNetwork, IPAddress> Replace(IReadOnlyList<Lease> leases)
    {
        _peers.Clear();
        _unusable.Clear();
        foreach (Lease lease in leases) Add(lease);
        return _peers.Values.Where(static peer => peer.Obstacle is null).ToDictionary(static peer => peer.Subnet, static peer => peer.Host);
    }

    /// <summary>Changes the peers.</summary>
    /// <returns>How the routes change with them.</returns>
    public HostGatewayRouteChanges Change(IReadOnlyList<LeaseChange> changes)
    {
        var routes = new HostGatewayRouteChanges();
        foreach (LeaseChange change in changes)
        {
            if (change.Before is { } before && Remove(before.Key) is { } gone) routes.Remove(gone.Subnet);
            if (change.After is not { } after) continue;
            if (Remove(after.Key) is { } replaced) routes.Remove(replaced.Subnet);
            if (Add(after) is { Obstacle: null } peer) routes.Add(peer.Subnet, peer.Host);
        }

        return routes;
    }

    /// <summary>Looks anew which hosts can be gateways.</summary>
    /// <returns>How the routes change, or <see langword="null"/> if no peer's obstacle did.</returns>
    public HostGatewayRouteChanges? Review()
    {
        HostGatewayRouteChanges? routes = null;
        foreach (HostGatewayPeer peer in _peers.Values.ToList())
        {
            string? obstacle = findObstacle(peer.Host);
            if (obstacle == peer.Obstacle) continue;
            routes ??= new HostGatewayRouteChanges();
            _peers[peer.Key] = peer with { Obstacle = obstacle };
            if (obstacle is null) routes.Add(peer.Subnet, peer.Host);
            else if (peer.Obstacle is null) routes.Remove(peer.Subnet);
        }

        return routes;
    }

    /// <summary>Why peers have no route, or not the one they need.</summary>
    /// <param name="failures">The routes that could not be written or removed.</param>
    public ImmutableDictionary<SubnetKey, string> DescribeProblems(IReadOnlyDictionary<IPNetwork, Exception> failures)
    {
        ImmutableDictionary<SubnetKey, string>.Builder problems = ImmutableDictionary.CreateBuilder<SubnetKey, string>();
        problems.AddRange(_unusable);
        foreach (HostGatewayPeer peer in _peers.Values)
        {
            if (peer.Obstacle is { } obstacle) problems[peer.Key] = obstacle;
            else if (failures.TryGetValue(peer.Subnet, out Exception? failure)) problems[peer.Key] = failure.Message;
        }

        return problems.ToImmutable();
    }

    private HostGatewayPeer? Add(Lease lease)
    {
        HostGatewayPeer? peer = HostGatewayPeer.From(lease, family, out string? reason);
        if (reason is not null) _unusable[lease.Key] = reason;
        return peer is null ? null : _peers[peer.Key] = peer with { Obstacle = findObstacle(peer.Host) };
    }

    private HostGatewayPeer? Remove(SubnetKey key)
    {
        _unusable.Remove(key);
        return _peers.Remove(key, out HostGatewayPeer? peer) ? peer : null;
    }
}
