using System.Net;
using System.Net.NetworkInformation;

namespace Flannel.Netlink.Route.Neighbours;

/// <summary>An entry of the neighbour table (RTM_NEWNEIGH of family IPv4 or IPv6): which link-layer address an IP address has.</summary>
public readonly record struct Neighbour
{
    /// <summary>Starts from the defaults.</summary>
    public Neighbour()
    {
    }

    /// <summary>Index of the device.</summary>
    public required int LinkIndex { get; init; }

    /// <summary>The IP address resolved.</summary>
    public required IPAddress Destination { get; init; }

    /// <summary>Its link-layer address; null while unknown.</summary>
    public PhysicalAddress? Address { get; init; }

    /// <summary>State; <see cref="NeighbourState.Permanent"/> by default.</summary>
    public NeighbourState State { get; init; } = NeighbourState.Permanent;

    /// <summary>Flags.</summary>
    public NeighbourFlags Flags { get; init; }
}
