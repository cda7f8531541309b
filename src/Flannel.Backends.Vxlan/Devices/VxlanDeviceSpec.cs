using System.Net;
using System.Net.Sockets;

namespace Flannel.Backends.Vxlan.Devices;

/// <summary>What the device of one address family shall be.</summary>
internal sealed record VxlanDeviceSpec
{
    /// <summary>The address family of the overlay and of the outer packets.</summary>
    public required AddressFamily Family { get; init; }

    /// <summary>The device's name.</summary>
    public required string Name { get; init; }

    /// <summary>The whole overlay range of the family.</summary>
    public required IPNetwork Network { get; init; }

    /// <summary>The length of each node's subnet.</summary>
    public required int SubnetLength { get; init; }

    /// <summary>The backend block of the network configuration.</summary>
    public required VxlanNetworkConfig Config { get; init; }

    /// <summary>The name of the interface that carries the outer packets.</summary>
    public required string UplinkName { get; init; }

    /// <summary>The index that the interface had when it was chosen.</summary>
    public required int UplinkIndex { get; init; }

    /// <summary>The address that peers send to.</summary>
    public required IPAddress PublicAddress { get; init; }

    /// <summary>The interface's own address.</summary>
    public required IPAddress InterfaceAddress { get; init; }

    /// <summary>The bytes that the tunnel adds to a packet.</summary>
    public int Overhead => VxlanOverhead.Of(Family);
}
