using System.Net;
using System.Net.Sockets;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Netlink.Route.Addresses;

/// <summary>An address of a device (RTM_NEWADDR).</summary>
public sealed record InterfaceAddress
{
    /// <summary>Index of the device.</summary>
    public required int LinkIndex { get; init; }

    /// <summary>The host's own address, host bits included (<c>IFA_LOCAL</c>).</summary>
    public required IPAddress Address { get; init; }

    /// <summary>Length of the prefix that is on the link, 0 to 32 or 128.</summary>
    public required int PrefixLength { get; init; }

    /// <summary>Address of the other end of a point-to-point link; null when there is none.</summary>
    public IPAddress? Peer { get; init; }

    /// <summary>IPv4 broadcast address; null for none.</summary>
    public IPAddress? Broadcast { get; init; }

    /// <summary>IPv4 label, the device's name or an alias of it; null leaves it to the kernel.</summary>
    public string? Label { get; init; }

    /// <summary>How far the address is valid; <see cref="RouteScope.Universe"/> by default.</summary>
    public RouteScope Scope { get; init; }

    /// <summary>Flags. When adding, <see cref="AddressFlags.NoDad"/> and <see cref="AddressFlags.NoPrefixRoute"/> are the useful ones.</summary>
    public AddressFlags Flags { get; init; }

    /// <summary>Whether the address never expires.</summary>
    public bool IsPermanent => (Flags & AddressFlags.Permanent) != 0;

    /// <summary>Whether the address is not to be chosen for new connections.</summary>
    public bool IsDeprecated => (Flags & AddressFlags.Deprecated) != 0;

    /// <summary>Whether this is an IPv6 privacy address.</summary>
    public bool IsTemporary => Address.AddressFamily == AddressFamily.InterNetworkV6 && (Flags & AddressFlags.Secondary) != 0;

    /// <summary>Whether the address is not usable: duplicate address detection is running or has failed.</summary>
    public bool IsTentative => (Flags & (AddressFlags.Tentative | AddressFlags.DadFailed)) != 0;
}
