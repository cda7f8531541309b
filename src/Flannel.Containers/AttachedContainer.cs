using System.Net;
using System.Net.NetworkInformation;
using Flannel.Cni;

namespace Flannel;

/// <summary>What a container has got.</summary>
public sealed record AttachedContainer
{
    /// <summary>The container's id.</summary>
    public required string ContainerId { get; init; }

    /// <summary>Name of the interface in the container.</summary>
    public required string InterfaceName { get; init; }

    /// <summary>The addresses, IPv4 first.</summary>
    public required IReadOnlyList<IPAddress> Addresses { get; init; }

    /// <summary>The host's addresses, to which the container sends what is not for its neighbours; one for each of <see cref="Addresses"/>.</summary>
    public required IReadOnlyList<IPAddress> Gateways { get; init; }

    /// <summary>Link-layer address in the container.</summary>
    public required PhysicalAddress Mac { get; init; }

    /// <summary>Largest packet in bytes.</summary>
    public required int Mtu { get; init; }

    /// <summary>Name of the other end, on the host.</summary>
    public required string HostInterface { get; init; }

    /// <summary>The same in CNI's words (result of ADD, version 1.1.0).</summary>
    public required CniResult Result { get; init; }
}
