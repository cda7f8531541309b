using System.Net;

namespace Flannel;

/// <summary>An attachment as kernel and address directory show it.</summary>
/// <param name="ContainerId">The container's id.</param>
/// <param name="InterfaceName">Name of the interface in the container.</param>
/// <param name="State">What has become of it.</param>
public sealed record ContainerListing(string ContainerId, string InterfaceName, ContainerState State)
{
    /// <summary>The addresses that are reserved for it.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    /// <summary>Name of the host's end; <see langword="null"/> when there is none.</summary>
    public string? HostInterface { get; init; }

    /// <summary>Largest packet in bytes; 0 without a device.</summary>
    public int Mtu { get; init; }
}
