using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Flannel.Linux.Diagnostics;

namespace Flannel.Extensibility;

/// <summary>One address family of a network on one host: the range, and the external interface that carries the outer packets.</summary>
[Experimental(ExperimentalApi.KernelBackends)]
public sealed record NetworkFamily
{
    /// <summary>The whole overlay range.</summary>
    public required IPNetwork Network { get; init; }

    /// <summary>The prefix length of the subnets that this host leases. Peers may have leased others before the configuration changed.</summary>
    public required int SubnetLength { get; init; }

    /// <summary>The name of the external interface.</summary>
    public required string ExternalName { get; init; }

    /// <summary>The index that the external interface had when it was chosen.</summary>
    public required int ExternalIndex { get; init; }

    /// <summary>The external interface's own address.</summary>
    public required IPAddress InterfaceAddress { get; init; }

    /// <summary>The address that peers send to.</summary>
    public required IPAddress PublicAddress { get; init; }

    /// <summary>Whether the external interface was chosen because of its default route, so that it is in trouble without one.</summary>
    public bool IsByDefaultRoute { get; init; }

    /// <summary>IPv4 or IPv6.</summary>
    public AddressFamily Family => Network.BaseAddress.AddressFamily;

    /// <summary>Whether it is IPv6.</summary>
    public bool IsIPv6 => Family == AddressFamily.InterNetworkV6;

    /// <summary>The families that the network has, IPv4 first.</summary>
    /// <param name="context">The network and the host.</param>
    /// <exception cref="ArgumentException">The network or the external interface lacks what a family needs.</exception>
    public static IReadOnlyList<NetworkFamily> From(BackendContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var config = context.Config;
        ExternalInterface external = context.ExternalInterface;
        var families = new List<NetworkFamily>();
        if (config.EnableIPv4) families.Add(Create("IPv4", config.Network, config.SubnetLength, external.Address, external.PublicIP));
        if (config.EnableIPv6) families.Add(Create("IPv6", config.IPv6Network, config.IPv6SubnetLength, external.AddressIPv6, external.PublicIPv6));
        return families;

        NetworkFamily Create(string name, IPNetwork? network, int subnetLength, IPAddress? address, IPAddress? publicAddress) => new()
        {
            Network = network ?? throw new ArgumentException($"The network configuration has no network for {name}.", nameof(context)),
            SubnetLength = subnetLength,
            ExternalName = external.Name,
            ExternalIndex = external.Index,
            InterfaceAddress = address
                ?? throw new ArgumentException($"The external interface {external.Name} has no address for {name}.", nameof(context)),
            PublicAddress = publicAddress ?? address,
            IsByDefaultRoute = external.IsByDefaultRoute,
        };
    }

    /// <summary>The part of a lease that concerns this family.</summary>
    /// <param name="lease">A peer's lease.</param>
    /// <param name="reason">Why the lease cannot be used; <see langword="null"/> if it can or has nothing of this family.</param>
    /// <returns>The peer, or <see langword="null"/>.</returns>
    public FamilyPeer? Read(Lease lease, out string? reason)
    {
        ArgumentNullException.ThrowIfNull(lease);
        LeaseAttributes attributes = lease.Attributes;
        (IPNetwork? subnet, IPAddress? host, string? data) = IsIPv6
            ? (lease.SubnetIPv6, attributes.PublicIPv6, attributes.BackendV6Data)
            : (lease.Subnet, attributes.PublicIP, attributes.BackendData);
        reason = subnet is null || host is not null ? null : IsIPv6 ? "PublicIPv6 is missing" : "PublicIP is missing";
        return subnet is not null && host is not null ? new FamilyPeer(lease.Key, subnet.Value, host, data, lease.CreateRevision) : null;
    }

    /// <summary>Whether a range lies inside the network.</summary>
    public bool Contains(IPNetwork range) =>
        range.BaseAddress.AddressFamily == Family && range.PrefixLength >= Network.PrefixLength && Network.Contains(range.BaseAddress);

    /// <summary>Whether an address lies inside the network.</summary>
    public bool Contains(IPAddress address) => Network.Contains(address);
}
