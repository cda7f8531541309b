using System.Net.Sockets;
using Flannel.Benchmarks.Labs;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Benchmarks.Overlays;

/// <summary>What the kernel has after a measurement: a fast way of not doing the work does not count.</summary>
internal static class ProgrammedPeers
{
    /// <summary>Makes sure that every peer has its route, neighbour and FDB entry.</summary>
    /// <exception cref="BenchException">Something is missing or left over.</exception>
    public static void Verify(LabHost host, int expected)
    {
        int device = host.Device(HandMade.Device).Index;
        var filter = new RouteFilter { Table = RouteEntry.MainTable, LinkIndex = device };
        int routes = host.Netlink.GetRoutes(AddressFamily.InterNetwork, filter).Count;
        int neighbours = host.Netlink.GetNeighbours(AddressFamily.InterNetwork, device)
            .Count(static neighbour => neighbour.State == NeighbourState.Permanent);
        int forwarding = host.Netlink.GetFdb(device).Count;
        if ((routes, neighbours, forwarding) != (expected, expected, expected))
        {
            throw new BenchException(
                $"{host.Name} has {routes} routes, {neighbours} neighbours and {forwarding} FDB entries instead of {expected} of each: " +
                "the measurement is void.");
        }
    }
}
