using System.Net;

namespace Flannel;

/// <summary>A port of the host that leads to a container.</summary>
/// <param name="HostPort">The host's port, 1 to 65535.</param>
/// <param name="ContainerPort">The container's port, 1 to 65535.</param>
/// <param name="Protocol">The transport protocol.</param>
public sealed record PortMapping(int HostPort, int ContainerPort, PortProtocol Protocol = PortProtocol.Tcp)
{
    /// <summary>
    /// The address of the host that is mapped; <see langword="null"/>, 0.0.0.0 and :: stand for all, those without a family for both families.
    /// </summary>
    public IPAddress? HostAddress { get; init; }

    /// <summary>For example <c>8080/Tcp to 80</c>.</summary>
    public override string ToString() => $"{(HostAddress is null ? "" : $"{HostAddress} ")}{HostPort}/{Protocol} to {ContainerPort}";
}
