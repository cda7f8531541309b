using System.Net;

namespace Flannel.Cni;

/// <summary>An address that an attachment assigned.</summary>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">The length of its network's prefix in bits: up to 32, or up to 128 for IPv6.</param>
public sealed record CniAddress(IPAddress Address, int PrefixLength)
{
    /// <summary>The gateway of its network, or <see langword="null"/>.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>The index in <see cref="CniResult.Interfaces"/> of the interface that has it, or <see langword="null"/>.</summary>
    public int? Interface { get; init; }
}
