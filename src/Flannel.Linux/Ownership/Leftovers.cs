using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.Versioning;
using Flannel.Linux.Diagnostics;
using Flannel.Linux.Ownership;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;
using Microsoft.Extensions.Logging;

namespace Flannel.Extensibility;

/// <summary>
/// What an earlier run left, after a change of the backend, the VNI, the port or the range, or a crash: devices with addresses or routes inside the
/// network's ranges, and on the network's own devices what belongs to a former range. It is removed once the new data path carries the packets; what
/// may be somebody else's is left alone and logged.
/// </summary>
/// <param name="contexts">The address families that run.</param>
/// <param name="config">The network. A range of a family that is switched off still tells which devices are the network's.</param>
[SupportedOSPlatform("linux")]
[Experimental(ExperimentalApi.KernelBackends)]
public sealed class Leftovers(IReadOnlyList<KernelContext> contexts, NetworkConfig config)
{
    private readonly RouteNetlink _netlink = contexts[0].Netlink;
    private readonly ILogger _logger = contexts[0].Logger;
    private readonly IPNetwork[] _ranges = [.. new[] { config.Network, config.IPv6Network }.OfType<IPNetwork>()];

    /// <summary>Deletes what an earlier run left, and logs what inside the ranges is somebody else's.</summary>
    /// <param name="kept">The devices that the network keeps.</param>
    /// <exception cref="Netlink.NetlinkException">The kernel refuses.</exception>
    public void Clear(IReadOnlyCollection<string> kept)
    {
        ArgumentNullException.ThrowIfNull(kept);
        ILookup<int, InterfaceAddress> addresses = _netlink.GetAddresses()
            .Where(static address => address.Scope != RouteScope.Link) // every device that is up has one of those for IPv6
            .ToLookup(static address => address.LinkIndex);
        foreach (Link link in _netlink.GetLinks())
        {
            if (FlannelDeviceName.KindOf(link.Name) is not { } kind) continue;
            if (!kept.Contains(link.Name)) Clear(link, kind, [.. addresses[link.Index]]);
            else if (FlannelDevices.IsOne(link)) ClearFormerRange(link, addresses[link.Index]);
        }

        foreach (KernelContext context in contexts) context.Routes.LogForeign();
    }

    private void Clear(Link link, string kind, IReadOnlyCollection<InterfaceAddress> addresses)
    {
        IReadOnlyList<RouteEntry> routes = _netlink.GetRoutes(
            filter: new RouteFilter { Table = RouteEntry.MainTable, LinkIndex = link.Index, Protocol = RouteProtocol.Boot });
        bool isOne = FlannelDevices.IsOne(link);
        bool isProbe = isOne && FlannelDeviceName.IsProbe(link.Name);
        bool isInNetwork = addresses.Any(address => IsInside(address.Address)) || routes.Any(route => IsInside(route.Destination));
        if (!isInNetwork && !isProbe)
        {
            if (isOne && addresses.Count == 0 && routes.Count == 0) KernelNetwork.Log.UnknownDevice(_logger, link.Name);
            return;
        }

        if (!isOne) KernelNetwork.Log.ForeignDevice(_logger, link.Name, link.Kind ?? "hardware", kind);
        else if (FlannelDevices.IsInUse(link)) KernelNetwork.Log.DeviceInUse(_logger, link.Name, _ranges);
        else Delete(link);
    }

    private bool IsInside(IPAddress address) => Array.Exists(_ranges, range => range.Contains(address));

    /// <summary>A route has to lie in a range as a whole: one that covers it would cover every range.</summary>
    private bool IsInside(IPNetwork destination) =>
        Array.Exists(_ranges, range => destination.PrefixLength >= range.PrefixLength && range.Contains(destination.BaseAddress));

    private void Delete(Link link)
    {
        _netlink.DeleteLink(link.Index); // takes its addresses, neighbours, FDB entries, nexthop objects and routes along
        foreach (KernelContext context in contexts) context.Devices.Forget(link.Index);
        KernelNetwork.Log.LeftoverDeleted(_logger, link.Name, _ranges);
    }

    /// <summary>
    /// On the network's own device what stands outside the range, yet as only a backend makes it, belongs to a range that the network had before.
    /// </summary>
    private void ClearFormerRange(Link link, IEnumerable<InterfaceAddress> addresses)
    {
        int cleared = 0;
        var batch = new RouteBatch();
        foreach (KernelContext context in contexts)
        {
            foreach (RouteEntry route in context.Routes.ReadFormer(link.Index))
            {
                if (route.NexthopId != 0) batch.DeleteNexthop(route.NexthopId); // takes the route along
                else batch.DeleteRoute(PeerRoutes.Exactly(route));
                batch.DeleteNeighbour(new Neighbour { LinkIndex = link.Index, Destination = route.Destination.BaseAddress });
                cleared++;
            }

            foreach (InterfaceAddress address in addresses.Where(address => IsFormer(address, context.Family)))
            {
                batch.DeleteAddress(address);
                cleared++;
            }
        }

        if (_netlink.Execute(batch).Values.FirstOrDefault() is { } refusal) throw refusal;
        if (cleared > 0) KernelNetwork.Log.FormerRangeCleared(_logger, link.Name, cleared, _ranges);
    }

    /// <summary>The address of a tunnel device covers nothing else and is the first of its node's subnet, so that its last bits are zero.</summary>
    private static bool IsFormer(InterfaceAddress address, NetworkFamily family)
    {
        byte[] bytes = address.Address.GetAddressBytes();
        int bits = bytes.Length * 8;
        return address.Address.AddressFamily == family.Family && address.PrefixLength == bits && !family.Contains(address.Address)
            && Enumerable.Range(family.SubnetLength, bits - family.SubnetLength).All(bit => (bytes[bit / 8] & (0x80 >> (bit % 8))) == 0);
    }
}
