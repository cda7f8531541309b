namespace Flannel.Cni;

/// <summary>A network interface that an attachment made, in the container or on the host.</summary>
/// <param name="Name">Its name.</param>
public sealed record CniInterface(string Name)
{
    /// <summary>Its hardware address as text, such as <c>0a:58:0a:01:02:03</c>, or <see langword="null"/>.</summary>
    public string? Mac { get; init; }

    /// <summary>Its MTU in bytes, or <see langword="null"/> (since 1.1.0).</summary>
    public int? Mtu { get; init; }

    /// <summary>The path of the network namespace it is in; <see langword="null"/> for one on the host.</summary>
    public string? Sandbox { get; init; }

    /// <summary>The path of a socket that belongs to it, or <see langword="null"/> (since 1.1.0).</summary>
    public string? SocketPath { get; init; }

    /// <summary>The identifier of its PCI device, or <see langword="null"/> (since 1.1.0).</summary>
    public string? PciId { get; init; }
}
