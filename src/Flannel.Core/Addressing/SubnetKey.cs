using System.Net;

namespace Flannel.Core.Addressing;

/// <summary>
/// The subnets of one lease, and their name in the store: <c>10.5.52.0-24</c>, or <c>10.5.52.0-24&amp;fd00::-64</c> with IPv6. An IPv6-only
/// lease is named as flannel names it, <c>0.0.0.0-0&amp;fd00::-64</c>.
/// </summary>
public readonly partial struct SubnetKey : IEquatable<SubnetKey>
{
    /// <summary>Creates a key.</summary>
    /// <param name="ipv4">The IPv4 subnet, or <see langword="null"/>.</param>
    /// <param name="ipv6">The IPv6 subnet, or <see langword="null"/>.</param>
    /// <exception cref="ArgumentException">Both are missing, or one is of the wrong address family.</exception>
    public SubnetKey(IPNetwork? ipv4, IPNetwork? ipv6)
    {
        Ipv4 = ipv4;
        Ipv6 = ipv6;
    }

    /// <summary>The IPv4 subnet, or <see langword="null"/> in an IPv6-only network.</summary>
    public IPNetwork? Ipv4 { get; }

    /// <summary>The IPv6 subnet, or <see langword="null"/> in an IPv4-only network.</summary>
    public IPNetwork? Ipv6 { get; }

    /// <inheritdoc />
    public bool Equals(SubnetKey other) => Nullable.Equals(Ipv4, other.Ipv4) && Nullable.Equals(Ipv6, other.Ipv6);

    /// <inheritdoc />
    public override bool Equals(object? obj) => obj is SubnetKey other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Ipv4, Ipv6);

    /// <summary>Whether two keys name the same subnets.</summary>
    /// <param name="left">One key.</param>
    /// <param name="right">The other key.</param>
    public static bool operator ==(SubnetKey left, SubnetKey right) => left.Equals(right);

    /// <summary>Whether two keys name different subnets.</summary>
    /// <param name="left">One key.</param>
    /// <param name="right">The other key.</param>
    public static bool operator !=(SubnetKey left, SubnetKey right) => !left.Equals(right);
}
