using System.Text.Json.Nodes;

namespace Flannel.Cni;

/// <summary>Which attachment of a network: one interface of one container.</summary>
/// <param name="ContainerId">The container, by the runtime's name for it (<see cref="CniNames.IsName"/>).</param>
/// <param name="InterfaceName">The interface in the container (<see cref="CniNames.IsInterfaceName"/>).</param>
public readonly record struct CniAttachmentKey(string ContainerId, string InterfaceName);

/// <summary>A container to be attached to a network, checked or detached.</summary>
/// <param name="ContainerId">The container, by the runtime's name for it (<see cref="CniNames.IsName"/>).</param>
/// <param name="NetworkNamespace">The path of its network namespace, such as <c>/run/netns/a</c>; empty for a DEL after it is gone.</param>
/// <param name="InterfaceName">The interface in the container (<see cref="CniNames.IsInterfaceName"/>).</param>
public sealed record CniAttachment(string ContainerId, string NetworkNamespace, string InterfaceName = "eth0")
{
    /// <summary>Arguments for all plugins (<c>CNI_ARGS</c>); names and values hold neither ';' nor '='.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Arguments { get; init; } = [];

    /// <summary>What plugins get that declare the capability, by its name: <c>portMappings</c>, <c>ips</c>, <c>mac</c>, … Cloned when used.</summary>
    public JsonObject? Capabilities { get; init; }

    /// <summary>Which attachment this is.</summary>
    public CniAttachmentKey Key => new(ContainerId, InterfaceName);
}

/// <summary>An attachment as the cache has it.</summary>
/// <param name="Network">The name of the network.</param>
/// <param name="Attachment">What was attached, as ADD was told.</param>
/// <param name="Result">What it came to; <see langword="null"/> if the file has none that can be read.</param>
public sealed record CniCachedAttachment(string Network, CniAttachment Attachment, CniResult? Result);
