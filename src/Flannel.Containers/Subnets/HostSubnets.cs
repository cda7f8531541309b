using System.Collections.Immutable;
using System.Net;
using Flannel.Containers.Addresses;

namespace Flannel.Containers.Subnets;

/// <summary>What containers of this host get: subnets, IPv4 first, and the largest packet.</summary>
internal sealed record HostSubnets(ImmutableArray<IPNetwork> Subnets, int Mtu)
{
    public ImmutableArray<AddressRange> Ranges { get; } = [.. Subnets.Select(static subnet => new AddressRange(subnet))];

    /// <summary>Why no other host would reach a new container, or <see langword="null"/>. What is attached keeps what it has.</summary>
    public string? LostTo { get; init; }

    public static HostSubnets? Of(FlannelNodeStatus status) => status is { Lease: { } lease, Mtu: { } mtu }
        ? new HostSubnets([.. new[] { lease.Subnet, lease.SubnetIPv6 }.OfType<IPNetwork>()], mtu)
        {
            // One that passes by itself, such as a store that is away, keeps no container waiting.
            LostTo = status.Error is LeaseLostException { IsTransient: false } lost ? lost.Message : null,
        }
        : null;

    public bool Contains(IPAddress address) => Ranges.Any(range => range.Contains(address));

    public bool Equals(HostSubnets? other) => other is not null && Mtu == other.Mtu && Subnets.AsSpan().SequenceEqual(other.Subnets.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Mtu, Subnets.Length);

    public override string ToString() => $"{string.Join(" and ", Subnets)}, MTU {Mtu}";
}
