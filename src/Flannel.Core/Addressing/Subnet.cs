using System.Net;
using System.Net.Sockets;

namespace Flannel.Core.Addressing;

/// <summary>An IPv4 or IPv6 subnet as numbers: what allocation and the lease rules compute with. The host bits are always clear.</summary>
internal readonly struct Subnet : IEquatable<Subnet>
{
    // Halves rather than UInt128: nothing that contains one is compiled ahead of time.
    private readonly ulong _high;
    private readonly ulong _low;
    private readonly byte _prefixLength;
    private readonly byte _width;

    /// <summary>Creates the subnet that holds an address.</summary>
    /// <param name="address">An address of the subnet as a number; its host bits are cleared.</param>
    /// <param name="prefixLength">The number of network bits, 0 to 32 or 128.</param>
    /// <param name="family">IPv4 or IPv6.</param>
    public Subnet(UInt128 address, int prefixLength, AddressFamily family)
    {
        int width = AddressText.WidthOf(family);
        ArgumentOutOfRangeException.ThrowIfNegative(prefixLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prefixLength, width);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(address, HostMask(width));
        UInt128 first = address & ~HostMask(width - prefixLength);
        (_high, _low) = ((ulong)(first >> 64), (ulong)first);
        _prefixLength = (byte)prefixLength;
        _width = (byte)width;
    }

    /// <summary>Creates the subnet that holds an address.</summary>
    public Subnet(IPAddress address, int prefixLength)
        : this(AddressText.ToNumber(address), prefixLength, address.AddressFamily)
    {
    }

    /// <summary>Creates a subnet from the BCL's type.</summary>
    public Subnet(IPNetwork network)
        : this(network.BaseAddress, network.PrefixLength)
    {
    }

    /// <summary>IPv4 or IPv6.</summary>
    public AddressFamily Family => _width == 32 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;

    /// <summary>The number of network bits.</summary>
    public int PrefixLength => _prefixLength;

    /// <summary>The number of bits that differ inside the subnet.</summary>
    public int HostBits => _width - _prefixLength;

    /// <summary>The first address, which is the subnet's name.</summary>
    public UInt128 First => new(_high, _low);

    /// <summary>The last address (IPv4: the broadcast address).</summary>
    public UInt128 Last => First | HostMask(HostBits);

    /// <summary>The first address.</summary>
    public IPAddress BaseAddress => AddressText.ToAddress(First, Family);

    /// <summary>The first address plus one: the host's own address on the container bridge, and <c>FLANNEL_SUBNET</c>. Needs a host bit.</summary>
    public IPAddress FirstHost => HostBits > 0
        ? AddressText.ToAddress(First + 1, Family)
        : throw new InvalidOperationException($"{this} has no second address.");

    public static bool operator ==(Subnet left, Subnet right) => left.Equals(right);

    public static bool operator !=(Subnet left, Subnet right) => !left.Equals(right);

    /// <summary>Whether the address lies inside. Never across families.</summary>
    public bool Contains(IPAddress address) =>
        _width != 0 && address.AddressFamily == Family && InSamePrefix(AddressText.ToNumber(address), HostBits);

    /// <summary>Whether the other subnet lies inside or is the same. Never across families.</summary>
    public bool Contains(Subnet other) =>
        _width == other._width && _prefixLength <= other._prefixLength && InSamePrefix(other.First, HostBits);

    /// <summary>Whether the two share an address. Never across families.</summary>
    public bool Overlaps(Subnet other) =>
        _width == other._width && InSamePrefix(other.First, Math.Max(HostBits, other.HostBits));

    /// <summary>How many subnets of a length fit in: 2^(<paramref name="prefixLength"/> − own length). The difference must be below 128.</summary>
    public UInt128 CountOf(int prefixLength)
    {
        CheckInner(prefixLength);
        return UInt128.One << (prefixLength - _prefixLength);
    }

    /// <summary>The subnet at a position among those of a length inside this one.</summary>
    public Subnet Nth(UInt128 index, int prefixLength)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, CountOf(prefixLength));
        return new Subnet(prefixLength == 0 ? First : First + (index << (_width - prefixLength)), prefixLength, Family);
    }

    /// <summary>The position of an inner subnet among those of its length.</summary>
    public UInt128 IndexOf(Subnet inner)
    {
        if (!Contains(inner))
        {
            throw new ArgumentException($"{inner} is not inside {this}.", nameof(inner));
        }

        return inner._prefixLength == 0 ? 0 : (inner.First - First) >> inner.HostBits;
    }

    /// <summary>The same subnet in the BCL's type.</summary>
    public IPNetwork ToNetwork() => new(BaseAddress, _prefixLength);

    public bool Equals(Subnet other) => _high == other._high && _low == other._low && _prefixLength == other._prefixLength && _width == other._width;

    public override bool Equals(object? obj) => obj is Subnet other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_high, _low, _prefixLength, _width);

    /// <summary>The subnet as flannel writes it, for example <c>10.5.52.0/24</c>.</summary>
    public override string ToString() => _width == 0 ? "" : $"{AddressText.Format(First, Family)}/{_prefixLength}";

    // A shift by the full width would shift by zero: C# takes the count modulo 128.
    private static UInt128 HostMask(int hostBits) => hostBits == 128 ? UInt128.MaxValue : (UInt128.One << hostBits) - 1;

    private bool InSamePrefix(UInt128 address, int hostBits) => ((address ^ First) & ~HostMask(hostBits)) == 0;

    private void CheckInner(int prefixLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(prefixLength, _prefixLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prefixLength, _width);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prefixLength - _prefixLength, 127, nameof(prefixLength));
    }
}
