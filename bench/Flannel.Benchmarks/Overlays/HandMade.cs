using System.Globalization;
using System.Net;
using Flannel.Benchmarks.Labs;

namespace Flannel.Benchmarks.Overlays;

/// <summary>The same overlay made by hand with <c>ip</c> and <c>bridge</c>: what the results are compared with.</summary>
internal static class HandMade
{
    public const string Device = "flannel.1";

    /// <summary>The smallest number of our own nexthop objects; anything above 0 will do.</summary>
    private const int FirstNexthop = 1000;

    /// <summary>Makes the device, as ours is.</summary>
    public static void AddDevice(LabHost host, IPAddress local, IPAddress overlayAddress) => IpBatch.Run(
        host,
        "ip",
        $"link add {Device} mtu 1450 type vxlan id 1 local {local} dev {LabHost.ExternalInterface} dstport 8472 nolearning",
        $"address add {overlayAddress}/32 dev {Device}",
        $"link set {Device} up");

    /// <summary>Neighbours and routes, for <c>ip -batch</c>.</summary>
    /// <param name="verb"><c>add</c>, or <c>replace</c> for what may be there.</param>
    /// <param name="peers">The peers.</param>
    public static IEnumerable<string> Routes(string verb, IEnumerable<Peer> peers) => peers.SelectMany(peer => new[]
    {
        $"neigh {verb} {peer.Subnet.BaseAddress} lladdr {peer.MacText} dev {Device} nud permanent",
        $"route {verb} {peer.Subnet} via {peer.Subnet.BaseAddress} dev {Device} onlink",
    });

    /// <summary>Neighbours and routes through nexthop objects, for <c>ip -batch</c>: the fastest way there is by hand.</summary>
    public static IEnumerable<string> NexthopRoutes(IEnumerable<Peer> peers) => peers.SelectMany(peer => new[]
    {
        $"neigh add {peer.Subnet.BaseAddress} lladdr {peer.MacText} dev {Device} nud permanent",
        string.Create(CultureInfo.InvariantCulture, $"nexthop add id {FirstNexthop + peer.Number} via {peer.Subnet.BaseAddress} dev {Device} onlink"),
        string.Create(CultureInfo.InvariantCulture, $"route add {peer.Subnet} nhid {FirstNexthop + peer.Number}"),
    });

    /// <summary>FDB entries, for <c>bridge -batch</c>.</summary>
    public static IEnumerable<string> Forwarding(string verb, IEnumerable<Peer> peers) =>
        peers.Select(peer => $"fdb {verb} {peer.MacText} dev {Device} dst {peer.Host} self permanent");
}
