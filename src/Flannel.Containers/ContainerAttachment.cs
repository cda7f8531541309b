using System.Net;
using System.Net.NetworkInformation;
using Flannel.Extensibility;

namespace Flannel;

/// <summary>What to attach to the network: an interface of a container. The container's namespace is given by path, process or handle.</summary>
public sealed record ContainerAttachment
{
    /// <summary>Starts from the container's id.</summary>
    /// <param name="containerId">Letters, digits, '.', '_' and '-', the first a letter or digit; at most 128.</param>
    public ContainerAttachment(string containerId) => ContainerId = containerId;

    /// <summary>The container's id. Together with <see cref="InterfaceName"/> it names the attachment.</summary>
    public string ContainerId { get; }

    /// <summary>Path or name of the network namespace, such as <c>/run/netns/blue</c> or <c>/proc/123/ns/net</c>.</summary>
    public string? NamespacePath { get; init; }

    /// <summary>A process in the namespace.</summary>
    public int? ProcessId { get; init; }

    /// <summary>The namespace, held open by the caller.</summary>
    public NetworkNamespace? Namespace { get; init; }

    /// <summary>Name of the interface in the container; <c>eth0</c> by default.</summary>
    public string InterfaceName { get; init; } = "eth0";

    /// <summary>Addresses to get, at most one of each family; the next free one of each family that is not here.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    /// <summary>Link-layer address in the container; <see langword="null"/> derives it from the IP address, so that the two stay together.</summary>
    public PhysicalAddress? Mac { get; init; }

    /// <summary>Ports of the host that lead to the container.</summary>
    public IReadOnlyList<PortMapping> PortMappings { get; init; } = [];
}
