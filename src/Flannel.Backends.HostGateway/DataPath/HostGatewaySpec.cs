using System.Net;
using System.Net.Sockets;

namespace Flannel.Backends.HostGateway.DataPath;

/// <summary>What the routes of one address family are made from.</summary>
internal sealed record HostGatewaySpec
{
    /// <summary>The address family.</summary>
    public required AddressFamily Family { get; init; }

    /// <summary>The whole overlay range of the family.</summary>
    public required IPNetwork Network { get; init; }

    /// <summary>The length of each host's subnet.</summary>
    public required int SubnetLength { get; init; }

    /// <summary>The name of the interface that leads to the other hosts.</summary>
    public required string UplinkName { get; init; }

    /// <summary>The index that the interface had when it was chosen.</summary>
    public required int UplinkIndex { get; init; }

    /// <summary>The interface's address, which is the gateway that peers use.</summary>
    public required IPAddress Address { get; init; }
}
