using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Netlink.Route.Links;

namespace Flannel.Backends.Vxlan.Devices;

/// <summary>Whether a device with our name is flannel's or ours, and whether it can be kept.</summary>
[SupportedOSPlatform("linux")]
internal static class VxlanDeviceRules
{
    /// <summary>
    /// What shows that the device is not flannel's: flannel never makes a device like it. Such a device is left alone.
    /// </summary>
    /// <returns>A clause for a message, or <see langword="null"/> if the device may be flannel's.</returns>
    public static string? FindStrangeness(Link link, VxlanDeviceSpec spec) => link switch
    {
        { Vxlan: null } => $"it is a device of kind {link.Kind ?? "hardware"}, not vxlan",
        { Vxlan.CollectMetadata: true } => "it is a vxlan device under external control (collect metadata)",
        { Vxlan.Id: var id } when id != spec.Config.Vni => $"it is a vxlan device with the VNI {id}, which its name denies",
        { Vxlan.Group: { } group } => $"it is a vxlan device with the group or default remote {group}",
        _ => null,
    };

    /// <summary>What of the device is other than desired and cannot be changed in place, so that it has to be recreated.</summary>
    /// <returns>A clause for a message, or <see langword="null"/> if the device can be kept.</returns>
    public static string? FindMisfit(Link link, VxlanDeviceSpec spec, int externalIndex, IPAddress local) => link.Vxlan! switch
    {
        { L2Miss: true } or { L3Miss: true } => "it reports misses",
        { Proxy: true } => "it answers ARP itself",
        { Rsc: true } => "it short-circuits routes",
        { Gbp: var gbp } when gbp != spec.Config.Gbp => $"its GBP is {gbp}",
        { Port: var port } when port != spec.Config.Port => $"its port is {port} instead of {spec.Config.Port}",
        { ParentIndex: var parent } when parent != 0 && parent != externalIndex =>
            $"it is on the interface with index {parent} instead of {externalIndex}",
        { Local: null } when local.AddressFamily == AddressFamily.InterNetworkV6 => "it has no local address, so that it is one of IPv4",
        { Local: { } other } when other.AddressFamily != local.AddressFamily => $"its local address is {other}",
        _ => null,
    };
}
