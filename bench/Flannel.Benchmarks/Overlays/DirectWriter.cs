using Flannel.Benchmarks.Labs;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Benchmarks.Overlays;

/// <summary>Writes a peer's three entries straight to netlink, one peer per batch: what is left when a node is taken away.</summary>
/// <param name="host">The host, with the hand-made device.</param>
internal sealed class DirectWriter(LabHost host)
{
    private readonly int _device = host.Device(HandMade.Device).Index;
    private readonly RouteBatch _batch = new();

    public void Add(Peer peer)
    {
        _batch.Clear();
        _batch.ReplaceFdb(new FdbEntry { LinkIndex = _device, Address = peer.Mac, Destination = peer.Host });
        _batch.ReplaceNeighbour(new Neighbour { LinkIndex = _device, Destination = peer.Subnet.BaseAddress, Address = peer.Mac });
        _batch.AddRoute(Route(peer));
        Execute();
    }

    public void Remove(Peer peer)
    {
        _batch.Clear();
        _batch.DeleteRoute(Route(peer));
        _batch.DeleteNeighbour(new Neighbour { LinkIndex = _device, Destination = peer.Subnet.BaseAddress });
        _batch.DeleteFdb(new FdbEntry { LinkIndex = _device, Address = peer.Mac });
        Execute();
    }

    private RouteEntry Route(Peer peer) =>
        new() { Destination = peer.Subnet, Gateway = peer.Subnet.BaseAddress, LinkIndex = _device, Flags = RouteFlags.OnLink };

    private void Execute()
    {
        foreach (NetlinkException refusal in host.Netlink.Execute(_batch).Values) throw new BenchException(refusal.Message);
    }
}
