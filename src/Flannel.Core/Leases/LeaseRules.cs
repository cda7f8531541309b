using System.Net;
using Flannel.Core.Addressing;
using Flannel.Core.Json;
using Flannel.Core.Leases.Allocation;
using Flannel.Extensibility;

namespace Flannel.Core.Leases;

/// <summary>
/// Judges the leases of peers before anything is programmed from them: whoever can write one key of the store must not be able to divert
/// traffic that is not his.
/// </summary>
/// <remarks>
/// A peer need not have the same families as this node. While a network is changed from IPv4 to dual stack, nodes are restarted one after the
/// other, and both kinds have to keep talking over IPv4; so a lease is judged by the parts whose family this node uses, needs at least one, and
/// its other part is ignored. flannel does the same with peers. (Its stricter rule, that a lease has exactly the families of the
/// configuration, is about a node's own lease: <see cref="Fits"/>.) <c>SubnetMin</c>, <c>SubnetMax</c> and <c>SubnetLen</c> decide what a node leases
/// itself, not what it accepts of others: while they are being changed, hosts hold leases by the old ones and by the new. A subnet must lie inside
/// the network and be small enough that four of them fit in. Whether two peers overlap each other is not judged here but by whoever knows all of
/// them.
/// </remarks>
internal sealed class LeaseRules
{
    // The backends that are known to put their name into leases.
    private static readonly string[] PublishedTypes = ["vxlan", "host-gw", "wireguard", "ipip", "ipsec", "extension"];

    private readonly FamilyPart? _ipv4;
    private readonly FamilyPart? _ipv6;
    private readonly string? _backendType;
    private readonly string _whose;

    /// <summary>Creates the rules as one node sees them.</summary>
    /// <param name="config">The validated network configuration.</param>
    /// <param name="own">What this node publishes.</param>
    /// <param name="ownKey">The subnets that this node holds.</param>
    /// <param name="areSubnetsAssigned">Whether a cluster gives the subnets by its rules, so that their lengths are its business.</param>
    public LeaseRules(NetworkConfig config, LeaseAttributes own, SubnetKey ownKey, bool areSubnetsAssigned = false)
    {
        int split = areSubnetsAssigned ? 0 : SubnetAllocator.SmallestSplit;
        Subnet[] overlay = [.. Networks(config)];
        _ipv4 = config.EnableIPv4 ? new FamilyPart("PublicIP", overlay, ownKey.IPv4Subnet, own.PublicIP, split) : null;
        _ipv6 = config.EnableIPv6 ? new FamilyPart("PublicIPv6", overlay, ownKey.IPv6Subnet, own.PublicIPv6, split) : null;
        (_backendType, _whose) = (own.BackendType, "this node's");
    }

    private LeaseRules(NetworkConfig config, string? backendType)
    {
        Subnet[] overlay = [.. Networks(config)];
        _ipv4 = config.EnableIPv4 ? new FamilyPart("PublicIP", overlay, null, null, SubnetAllocator.SmallestSplit) : null;
        _ipv6 = config.EnableIPv6 ? new FamilyPart("PublicIPv6", overlay, null, null, SubnetAllocator.SmallestSplit) : null;
        (_backendType, _whose) = (backendType, "the network's");
    }

    /// <summary>The rules as somebody sees them who has no lease: those that do not depend on a node's own.</summary>
    public static LeaseRules OfObservers(NetworkConfig config) =>
        new(config, PublishedTypes.Contains(config.BackendType) ? config.BackendType : null);

    /// <summary>
    /// Whether subnets are kept for a host that has not started yet: a reservation that names a host, and nothing of the backend. It is no peer, and
    /// nothing is wrong with it. With backends that publish nothing it cannot be told from a lease, and need not be.
    /// </summary>
    public bool IsVacant(StoredEntry entry, LeaseAttributes attributes) =>
        _backendType is not null && !entry.HasTimeToLive && attributes is { BackendType: null, BackendData: null, BackendV6Data: null };

    /// <summary>
    /// Whether a lease can be this node's own: exactly the configured families, each subnet one of those that may be leased. flannel judges by
    /// the same rule whether a lease found by the public address is kept or given back.
    /// </summary>
    public static bool Fits(NetworkConfig config, SubnetKey key) =>
        IsOneOf(config.IPv4Subnets, key.IPv4Subnet) && IsOneOf(config.IPv6Subnets, key.IPv6Subnet);

    /// <summary>
    /// Whether a lease can be a peer's as far as its subnets go: it has a family that the network uses, and there each subnet lies inside the network
    /// and is small enough.
    /// </summary>
    public static bool HasPlace(NetworkConfig config, SubnetKey key)
    {
        bool usesIPv4 = config.EnableIPv4 && key.IPv4Subnet is not null;
        bool usesIPv6 = config.EnableIPv6 && key.IPv6Subnet is not null;
        return (usesIPv4 || usesIPv6)
            && (!usesIPv4 || IsPart(config.Network, key.IPv4Subnet!.Value))
            && (!usesIPv6 || IsPart(config.IPv6Network, key.IPv6Subnet!.Value));
    }

    /// <summary>Judges a peer's lease.</summary>
    /// <returns>The rule it breaks, with the value found; or <see langword="null"/> if it is accepted.</returns>
    public string? Refuse(SubnetKey key, LeaseAttributes attributes)
    {
        if (_backendType is not null && attributes.BackendType != _backendType)
        {
            string found = attributes.BackendType is null ? "missing" : GoJson.Excerpt(attributes.BackendType);
            return $"its BackendType is {found}, {_whose} is \"{_backendType}\"";
        }

        FamilyPart? ipv4 = key.IPv4Subnet is null ? null : _ipv4;
        FamilyPart? ipv6 = key.IPv6Subnet is null ? null : _ipv6;
        return ipv4 is null && ipv6 is null
            ? $"it has only {(key.IPv4Subnet is null ? "an IPv6" : "an IPv4")} subnet, which this network does not use"
            : ipv4?.Refuse(key.IPv4Subnet!.Value, attributes.PublicIP) ?? ipv6?.Refuse(key.IPv6Subnet!.Value, attributes.PublicIPv6);
    }

    /// <summary>The networks that a configuration leases subnets from: IPv4, IPv6 or both.</summary>
    public static IEnumerable<Subnet> Networks(NetworkConfig config)
    {
        if (config.EnableIPv4)
        {
            yield return new Subnet(config.Network!.Value);
        }

        if (config.EnableIPv6)
        {
            yield return new Subnet(config.IPv6Network!.Value);
        }
    }

    /// <summary>
    /// Whether another lease has a part of a node's subnets. A prefix too short to be anybody's lease blocks nothing, as in the allocator.
    /// </summary>
    public static bool Overlap(NetworkConfig config, SubnetKey own, SubnetKey other) =>
        Overlap(config.Network, own.IPv4Subnet, other.IPv4Subnet) || Overlap(config.IPv6Network, own.IPv6Subnet, other.IPv6Subnet);

    private static bool Overlap(IPNetwork? network, Subnet? own, Subnet? other) =>
        own is { } ours && other is { } subnet && ours.Overlaps(subnet)
        && network is { } range && IsSmallEnough(range, subnet);

    private static bool IsOneOf(SubnetRange? range, Subnet? subnet) =>
        range is { } subnets ? subnet is { } found && subnets.TryGetIndex(found, out _) : subnet is null;

    private static bool IsPart(IPNetwork? network, Subnet subnet) =>
        network is { } range && new Subnet(range).Contains(subnet) && IsSmallEnough(range, subnet);

    private static bool IsSmallEnough(IPNetwork network, Subnet subnet) =>
        subnet.PrefixLength >= network.PrefixLength + SubnetAllocator.SmallestSplit;

    private sealed class FamilyPart(string addressKey, Subnet[] overlay, Subnet? own, IPAddress? ownAddress, int split)
    {
        public string? Refuse(Subnet subnet, IPAddress? address) => RefuseSubnet(subnet) ?? RefuseAddress(address);

        private string? RefuseSubnet(Subnet subnet)
        {
            Subnet network = Array.Find(overlay, candidate => candidate.Family == subnet.Family);
            if (!network.Contains(subnet))
            {
                return $"its subnet {subnet} is outside the network {network}";
            }

            if (subnet.PrefixLength < network.PrefixLength + split)
            {
                return $"its subnet {subnet} is too large for one host of the network {network}: at most a /{network.PrefixLength + split}";
            }

            return own is { } ours && ours.Overlaps(subnet) ? $"its subnet {subnet} overlaps this node's, {ours}" : null;
        }

        private string? RefuseAddress(IPAddress? address)
        {
            if (address is null)
            {
                return $"its {addressKey} is missing";
            }

            if (PublicAddressRules.Refuse(address, overlay) is { } reason)
            {
                return $"its {addressKey} {address} {reason}";
            }

            return address.Equals(ownAddress) ? $"its {addressKey} {address} is this node's own" : null;
        }
    }
}
