using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.InteropServices;

namespace Flannel.Netlink.Route.Links;

/// <summary>Changes to a device, made in one request; null leaves a property as it is.</summary>
public sealed record LinkChange
{
    /// <summary>Set the device up or down.</summary>
    public bool? IsUp { get; init; }

    /// <summary>New MTU in bytes.</summary>
    public int? Mtu { get; init; }

    /// <summary>New link-layer address.</summary>
    public PhysicalAddress? Address { get; init; }

    /// <summary>Index of the bridge, bond or VRF to join; 0 to leave the one it is in.</summary>
    public int? MasterIndex { get; init; }

    /// <summary>An open namespace to move the device to. Moving sets it down and takes its addresses and routes away.</summary>
    public SafeHandle? Namespace { get; init; }

    /// <summary>New name, 1 to 15 bytes.</summary>
    public string? Name { get; init; }

    /// <summary>New length of the transmit queue in packets.</summary>
    public int? TxQueueLength { get; init; }

    /// <summary>
    /// How the kernel makes IPv6 link-local addresses for the device; <see cref="IPv6AddressGeneration.None"/> must be set before it goes up.
    /// </summary>
    public IPv6AddressGeneration? IPv6AddressGeneration { get; init; }

    /// <summary>Whether a VXLAN device learns; only for devices of kind <c>vxlan</c>.</summary>
    public bool? VxlanLearning { get; init; }

    /// <summary>New source address of a VXLAN device, of the same family as the old one; only for devices of kind <c>vxlan</c>.</summary>
    public IPAddress? VxlanLocal { get; init; }
}
