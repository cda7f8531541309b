using System.Net;
using System.Net.Sockets;
using Flannel.Core.Addressing;

namespace Flannel;

/// <summary>
/// The subnets of one lease, and their name in the store: <c>10.5.52.0-24</c>, or <c>10.5.52.0-24&amp;fd00::-64</c> with IPv6. An IPv6-only
/// lease is named as flannel names it, <c>0.0.0.0-0&amp;fd00::-64</c>.
/// </summary>
public readonly partial struct SubnetKey : IEquatable<SubnetKey>
{
    // Numbers rather than IPNetwork: the key of every dictionary of leases has to hash and compare without touching the heap. Halves rather than
    // UInt128: nothing that contains one is compiled ahead of time, which makes every process that uses leases slow to start.
    private readonly ulong _ipv6High;
    private readonly ulong _ipv6Low;
    private readonly uint _ipv4;
    private readonly byte _ipv4Length;
    private readonly byte _ipv6Length;
    private readonly bool _hasIPv4;
    private readonly bool _hasIPv6;

    /// <summary>Creates a key.</summary>
    /// <param name="ipv4">The IPv4 subnet (length 1 to 31), or <see langword="null"/>.</param>
    /// <param name="ipv6">The IPv6 subnet (length 0 to 127), or <see langword="null"/>.</param>
    /// <exception cref="ArgumentException">Both are missing, or one is of the wrong address family or of a length that no key can name.</exception>
    public SubnetKey(IPNetwork? ipv4, IPNetwork? ipv6)
        : this(ipv4 is { } four ? new Subnet(four) : null, ipv6 is { } six ? new Subnet(six) : null)
    {
    }

    internal SubnetKey(Subnet? ipv4, Subnet? ipv6)
    {
        if (ipv4 is null && ipv6 is null)
        {
            throw new ArgumentException("A key needs an IPv4 subnet, an IPv6 subnet or both.", nameof(ipv4));
        }

        if (ipv4 is { } four)
        {
            if (four.Family != AddressFamily.InterNetwork || four.PrefixLength is < 1 or > 31)
            {
                throw new ArgumentException($"{four} is no IPv4 subnet of length 1 to 31.", nameof(ipv4));
            }

            _ipv4 = (uint)four.First;
            _ipv4Length = (byte)four.PrefixLength;
            _hasIPv4 = true;
        }

        if (ipv6 is { } six)
        {
            if (six.Family != AddressFamily.InterNetworkV6 || six.PrefixLength > 127)
            {
                throw new ArgumentException($"{six} is no IPv6 subnet of length 0 to 127.", nameof(ipv6));
            }

            (_ipv6High, _ipv6Low) = ((ulong)(six.First >> 64), (ulong)six.First);
            _ipv6Length = (byte)six.PrefixLength;
            _hasIPv6 = true;
        }
    }

    /// <summary>The IPv4 subnet, or <see langword="null"/> in an IPv6-only network.</summary>
    public IPNetwork? IPv4 => IPv4Subnet?.ToNetwork();

    /// <summary>The IPv6 subnet, or <see langword="null"/> in an IPv4-only network.</summary>
    public IPNetwork? IPv6 => IPv6Subnet?.ToNetwork();

    internal Subnet? IPv4Subnet => _hasIPv4 ? new Subnet(_ipv4, _ipv4Length, AddressFamily.InterNetwork) : null;

    internal Subnet? IPv6Subnet => _hasIPv6 ? new Subnet(new UInt128(_ipv6High, _ipv6Low), _ipv6Length, AddressFamily.InterNetworkV6) : null;

    /// <summary>Whether both have an address in common, in either family.</summary>
    internal bool Overlaps(SubnetKey other) =>
        (IPv4Subnet is { } ipv4 && other.IPv4Subnet is { } otherIPv4 && ipv4.Overlaps(otherIPv4))
        || (IPv6Subnet is { } ipv6 && other.IPv6Subnet is { } otherIPv6 && ipv6.Overlaps(otherIPv6));

    /// <summary>The subnet of one family as bare numbers, for loops over very many keys.</summary>
    internal bool TryGetSubnet(AddressFamily family, out UInt128 first, out int prefixLength)
    {
        bool isIPv4 = family == AddressFamily.InterNetwork;
        (first, prefixLength) = isIPv4 ? (_ipv4, _ipv4Length) : (new UInt128(_ipv6High, _ipv6Low), _ipv6Length);
        return isIPv4 ? _hasIPv4 : _hasIPv6;
    }

    /// <summary>Whether two keys name the same subnets.</summary>
    /// <param name="left">One key.</param>
    /// <param name="right">The other key.</param>
    public static bool operator ==(SubnetKey left, SubnetKey right) => left.Equals(right);

    /// <summary>Whether two keys name different subnets.</summary>
    /// <param name="left">One key.</param>
    /// <param name="right">The other key.</param>
    public static bool operator !=(SubnetKey left, SubnetKey right) => !left.Equals(right);

    /// <inheritdoc />
    public bool Equals(SubnetKey other) =>
        _ipv4 == other._ipv4
        && _ipv6High == other._ipv6High
        && _ipv6Low == other._ipv6Low
        && _ipv4Length == other._ipv4Length
        && _ipv6Length == other._ipv6Length
        && _hasIPv4 == other._hasIPv4
        && _hasIPv6 == other._hasIPv6;

    /// <inheritdoc />
    public override bool Equals(object? obj) => obj is SubnetKey other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(_ipv4, _ipv4Length, _ipv6High, _ipv6Low, _ipv6Length);
}
