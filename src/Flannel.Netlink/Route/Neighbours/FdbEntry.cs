using System.Net;
using System.Net.NetworkInformation;

namespace Flannel.Netlink.Route.Neighbours;

/// <summary>
/// An entry of a forwarding database (RTM_NEWNEIGH of family AF_BRIDGE): where frames to a link-layer address go. In a VXLAN device, which host
/// they are sent to.
/// </summary>
public readonly record struct FdbEntry
{
    /// <summary>Starts from the defaults.</summary>
    public FdbEntry()
    {
    }

    /// <summary>Index of the device whose table this is, or of the bridge port.</summary>
    public required int LinkIndex { get; init; }

    /// <summary>Destination link-layer address of frames; all zero is a VXLAN device's default entry.</summary>
    public required PhysicalAddress Address { get; init; }

    /// <summary>VXLAN: the host frames are sent to; null in tables of bridges. In a deletion null means every destination.</summary>
    public IPAddress? Destination { get; init; }

    /// <summary>State; <see cref="NeighbourState.Permanent"/> by default.</summary>
    public NeighbourState State { get; init; } = NeighbourState.Permanent;

    /// <summary>Flags; <see cref="NeighbourFlags.Self"/> by default.</summary>
    public NeighbourFlags Flags { get; init; } = NeighbourFlags.Self;

    /// <summary>VXLAN: UDP port where it differs from the device's; null otherwise.</summary>
    public int? Port { get; init; }

    /// <summary>VXLAN: network identifier where it differs from the device's; null otherwise.</summary>
    public int? Vni { get; init; }

    /// <summary>Reported: index of the bridge, for entries of a bridge port; 0 otherwise.</summary>
    public int MasterIndex { get; init; }
}
