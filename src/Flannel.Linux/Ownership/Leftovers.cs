using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.Versioning;
using Flannel.Linux.Diagnostics;
using Flannel.Linux.Ownership;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Extensibility;

/// <summary>
/// What another backend left in one address family of the network, after a change of the backend, the VNI or the port: devices with addresses or
/// routes inside the network's range. They are removed once the new data path carries the packets; what may be somebody else's is left alone and
/// logged.
/// </summary>
/// <param name="context">The family on its host.</param>
[SupportedOSPlatform("linux")]
[Experimental(ExperimentalApi.KernelBackends)]
public sealed class Leftovers(KernelContext context)
{
    /// <summary>Deletes the devices that other backends left, and logs what inside the range is somebody else's.</summary>
    /// <param name="kept">The devices that the network keeps.</param>
    /// <exception cref="Netlink.NetlinkException">The kernel refuses.</exception>
    public void Clear(IReadOnlyCollection<string> kept)
    {
        ArgumentNullException.ThrowIfNull(kept);
        ILookup<int, InterfaceAddress> addresses = context.Netlink.GetAddresses(context.Family.Family).ToLookup(static address => address.LinkIndex);
        foreach (Link link in context.Netlink.GetLinks())
        {
            if (kept.Contains(link.Name) || FlannelDeviceName.KindOf(link.Name) is not { } kind) continue;
            IPAddress? address = addresses[link.Index].Select(static found => found.Address).FirstOrDefault(context.Family.Contains);
            if (address is null && !HasRoute(link)) continue;
            if (!FlannelDevices.IsOne(link)) KernelNetwork.Log.ForeignDevice(context.Logger, link.Name, link.Kind ?? "hardware", kind);
            else if (FlannelDevices.IsInUse(link)) KernelNetwork.Log.DeviceInUse(context.Logger, link.Name, context.Family.Network);
            else Delete(link);
        }

        context.Routes.LogForeign();
    }

    private bool HasRoute(Link link)
    {
        var filter = new RouteFilter { Table = RouteEntry.MainTable, LinkIndex = link.Index, Protocol = RouteProtocol.Boot };
        return context.Netlink.GetRoutes(context.Family.Family, filter).Any(route => context.Family.Contains(route.Destination));
    }

    private void Delete(Link link)
    {
        context.Netlink.DeleteLink(link.Index); // takes its addresses, neighbours, FDB entries, nexthop objects and routes along
        context.Devices.Forget(link.Index);
        KernelNetwork.Log.LeftoverDeleted(context.Logger, link.Name, context.Family.Network);
    }
}
