using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;

namespace Flannel.Linux.Interfaces;

/// <summary>An interface of the host with its addresses, as far as they matter for choosing the external one.</summary>
/// <param name="Link">The link.</param>
/// <param name="Addresses">Its addresses in the kernel's order.</param>
[SupportedOSPlatform("linux")]
internal sealed record HostInterface(Link Link, ImmutableArray<InterfaceAddress> Addresses)
{
    internal int Index => Link.Index;

    internal string Name => Link.Name;

    /// <summary>Whether this is its name, or one of its alternative names.</summary>
    internal bool IsNamed(string name) => Link.Name == name || Link.AlternativeNames.Contains(name);

    /// <summary>
    /// Why nobody would want this interface to carry the overlay unless it is asked for by name, or <see langword="null"/>: it does not leave
    /// the host, or is part of an overlay itself.
    /// </summary>
    internal string? Unsuitable => Link switch
    {
        { IsLoopback: true } => "it is the loopback interface",
        { Name: var name } when name.StartsWith("flannel", StringComparison.Ordinal) => "it belongs to an overlay itself",
        { Name: "cni0" or "docker0" } => "it is a bridge for containers",
        _ => null,
    };

    /// <summary>Whether the interface has the address, whatever its flags.</summary>
    internal bool Owns(IPAddress address) => Addresses.Any(own => own.Address.Equals(address));

    /// <summary>
    /// The addresses that peers could use, best first: global before link-local, permanent before dynamic, stable before temporary,
    /// otherwise in the kernel's order.
    /// </summary>
    internal IEnumerable<IPAddress> UsableAddresses(AddressFamily family) => Addresses
        .Where(own => own.Address.AddressFamily == family && IsUsable(own))
        .OrderBy(static own => IsLinkLocal(own.Address))
        .ThenBy(static own => !own.IsPermanent)
        .ThenBy(static own => own.IsTemporary)
        .Select(static own => own.Address);

    // Unicast, not confined to this host, not on its way out, and not found to be another host's.
    private static bool IsUsable(InterfaceAddress own) =>
        !own.IsDeprecated && (own.Flags & AddressFlags.DadFailed) == 0 &&
        !IPAddress.IsLoopback(own.Address) && !own.Address.Equals(IPAddress.Any) && !own.Address.Equals(IPAddress.IPv6Any) &&
        !own.Address.IsIPv6Multicast && own.Address.GetAddressBytes() is not [>= 224, _, _, _];

    private static bool IsLinkLocal(IPAddress address) => address.IsIPv6LinkLocal || address.GetAddressBytes() is [169, 254, _, _];
}
