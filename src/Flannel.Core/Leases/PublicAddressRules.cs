using System.Net;
using System.Net.Sockets;
using Flannel.Core.Addressing;
using Flannel.Extensibility;

namespace Flannel.Core.Leases;

/// <summary>What cannot be the address by which other hosts reach a host, be it a peer or this one.</summary>
internal static class PublicAddressRules
{
    private static readonly (Subnet Range, string Name)[] NoHost =
    [
        (new Subnet(IPAddress.Any, 8), "names no host"),
        (new Subnet(IPAddress.Loopback, 8), "is a loopback address"),
        (new Subnet(IPAddress.Parse("169.254.0.0"), 16), "is a link-local address"),
        (new Subnet(IPAddress.Parse("224.0.0.0"), 4), "is a multicast address"),
        (new Subnet(IPAddress.Broadcast, 32), "is the broadcast address"),
        (new Subnet(IPAddress.Parse("240.0.0.0"), 4), "is a reserved address"),
        (new Subnet(IPAddress.IPv6Any, 128), "names no host"),
        (new Subnet(IPAddress.IPv6Loopback, 128), "is a loopback address"),
        (new Subnet(IPAddress.Parse("fe80::"), 10), "is a link-local address"),
        (new Subnet(IPAddress.Parse("ff00::"), 8), "is a multicast address"),
        (new Subnet(IPAddress.Parse("::ffff:0.0.0.0"), 96), "is an IPv4 address in IPv6 form"),
    ];

    /// <summary>What is wrong with an address, as the end of a sentence; <see langword="null"/> if nothing is.</summary>
    public static string? Refuse(IPAddress address) => Array.Find(NoHost, entry => entry.Range.Contains(address)).Name;

    /// <summary>What is wrong with an address of a host in an overlay, as the end of a sentence; <see langword="null"/> if nothing is.</summary>
    /// <param name="address">The address.</param>
    /// <param name="overlay">The networks that subnets are leased from: outer packets to an address in there would go into the tunnel again.</param>
    public static string? Refuse(IPAddress address, IEnumerable<Subnet> overlay)
    {
        if (Refuse(address) is { } reason) return reason;
        foreach (Subnet network in overlay)
        {
            if (network.Contains(address)) return $"is inside the overlay's network {network}";
        }

        return null;
    }

    /// <summary>
    /// What is wrong with a peer's address on this host's link, as the end of a sentence: the link's own name, and the address that reaches every
    /// host on it.
    /// </summary>
    /// <param name="peer">The peer.</param>
    /// <param name="links">The networks of the external interface's addresses.</param>
    public static string? RefuseOn(LeaseAttributes peer, IEnumerable<IPNetwork> links) =>
        peer.PublicIP is { } address && RefuseOn(address, links) is { } reason ? $"its PublicIP {address} {reason}" : null;

    /// <summary>What is wrong with a peer that publishes an address of this host: what is sent to it would come back.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="own">This host's addresses, whichever interface has them.</param>
    public static string? RefuseOwn(LeaseAttributes peer, IReadOnlySet<IPAddress> own) =>
        peer.PublicIP is { } ipv4 && own.Contains(ipv4) ? $"its PublicIP {ipv4} is an address of this host"
        : peer.PublicIPv6 is { } ipv6 && own.Contains(ipv6) ? $"its PublicIPv6 {ipv6} is an address of this host"
        : null;

    /// <summary>Checks what this host would publish by the rules for peers, so that no node is ready whose lease all others refuse.</summary>
    /// <param name="external">What would be published.</param>
    /// <param name="config">The network.</param>
    /// <param name="links">The networks of the external interface's addresses.</param>
    /// <exception cref="ExternalInterfaceException">Others could not reach it there.</exception>
    public static void Check(ExternalInterface external, NetworkConfig config, IReadOnlyList<IPNetwork> links)
    {
        Subnet[] overlay = [.. LeaseRules.Networks(config)];
        Check(external.PublicIP, nameof(ExternalInterfaceOptions.PublicIP), "-public-ip");
        Check(external.PublicIPv6, nameof(ExternalInterfaceOptions.PublicIPv6), "-public-ipv6");

        void Check(IPAddress? address, string option, string flag)
        {
            if (address is null || (Refuse(address, overlay) ?? RefuseOn(address, links)) is not { } reason) return;
            throw new ExternalInterfaceException(
                $"The address {address} of {external.Name} {reason}, so other hosts cannot reach this one by it. Give the interface another " +
                $"address, or say by which address others reach this host (ExternalInterface.{option}; flannel: {flag}).",
                [new InterfaceCandidate(external.Name, [address], reason)]);
        }
    }

    private static string? RefuseOn(IPAddress address, IEnumerable<IPNetwork> links)
    {
        foreach (IPNetwork link in links)
        {
            // A link of two hosts, or of one, has neither.
            if (link.BaseAddress.AddressFamily != AddressFamily.InterNetwork || link.PrefixLength > 30 || !link.Contains(address)) continue;
            var range = new Subnet(link);
            if (address.Equals(link.BaseAddress)) return $"names the link {link} of this host, not a host";
            if (new Subnet(address, 32).First == range.Last) return $"is the broadcast address of this host's link {link}";
        }

        return null;
    }
}
