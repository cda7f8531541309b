using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using Flannel.Core.Addressing;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Core.Tests.Addressing;

public sealed class SubnetTests
{
    private static readonly AddressFamily[] Families = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];

    [Theory]
    [InlineData("10.3.7.9", 16, "10.3.0.0/16")]
    [InlineData("255.255.255.255", 0, "0.0.0.0/0")]
    [InlineData("255.255.255.255", 1, "128.0.0.0/1")]
    [InlineData("10.3.7.9", 32, "10.3.7.9/32")]
    [InlineData("ffff::", 0, "::/0")]
    [InlineData("fd00:1:2:3:4::", 64, "fd00:1:2:3::/64")]
    [InlineData("fd00::1", 128, "fd00::1/128")]
    public void Constructor_HostBitsSet_ClearsThem(string address, int length, string expected)
    {
        var subnet = new Subnet(IPAddress.Parse(address), length);

        Assert.Equal(expected, subnet.ToString());
        Assert.Equal(expected, subnet.ToNetwork().ToString());
        Assert.Equal(subnet, new Subnet(subnet.ToNetwork()));
    }

    [Theory]
    [InlineData("10.0.0.0", -1)]
    [InlineData("10.0.0.0", 33)]
    [InlineData("fd00::", 129)]
    public void Constructor_LengthOutOfRange_Throws(string address, int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Subnet(IPAddress.Parse(address), length));

    [Fact]
    public void Constructor_AddressTooLargeForIPv4_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Subnet(UInt128.One << 32, 24, AddressFamily.InterNetwork));

    [Fact]
    public void Constructor_NotAnIPFamily_Throws() => Assert.Throws<ArgumentException>(() => new Subnet(0, 0, AddressFamily.Unix));

    [Fact]
    public void FirstHost_IsBasePlusOne()
    {
        Assert.Equal(IPAddress.Parse("10.5.52.1"), Parse("10.5.52.0/24").FirstHost);
        Assert.Equal(IPAddress.Parse("fd00:0:0:5::1"), Parse("fd00:0:0:5::/64").FirstHost);
        Assert.Throws<InvalidOperationException>(() => Parse("10.5.52.1/32").FirstHost);
    }

    [Theory]
    [InlineData("0.0.0.0/0", "255.255.255.255", true)]
    [InlineData("10.5.0.0/16", "10.5.255.255", true)]
    [InlineData("10.5.0.0/16", "10.6.0.0", false)]
    [InlineData("::/0", "ffff::", true)]
    [InlineData("::/0", "10.5.0.0", false)]
    [InlineData("0.0.0.0/0", "::", false)]
    public void Contains_Address_NeverAcrossFamilies(string subnet, string address, bool expected) =>
        Assert.Equal(expected, Parse(subnet).Contains(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.5.0.0/16", "10.5.1.0/24", true, true)]
    [InlineData("10.5.1.0/24", "10.5.0.0/16", false, true)]
    [InlineData("10.5.1.0/24", "10.5.1.0/24", true, true)]
    [InlineData("10.5.1.0/24", "10.5.2.0/24", false, false)]
    [InlineData("0.0.0.0/0", "10.5.2.0/24", true, true)]
    [InlineData("::/0", "::/0", true, true)]
    [InlineData("0.0.0.0/0", "::/0", false, false)]
    public void ContainsAndOverlaps_Subnets_NeverAcrossFamilies(string one, string other, bool contains, bool overlaps)
    {
        Assert.Equal(contains, Parse(one).Contains(Parse(other)));
        Assert.Equal(overlaps, Parse(one).Overlaps(Parse(other)));
        Assert.Equal(overlaps, Parse(other).Overlaps(Parse(one)));
    }

    [Fact]
    public void Default_ContainsAndOverlapsNothing()
    {
        Subnet none = default;

        Assert.False(none.Contains(IPAddress.Any));
        Assert.False(none.Overlaps(Parse("0.0.0.0/0")));
        Assert.Equal("", none.ToString());
    }

    [Fact]
    public void Nth_AndIndexOf_AreEachOthersInverse()
    {
        Subnet network = Parse("10.5.0.0/16");

        Assert.Equal(256, (int)network.CountOf(24));
        Assert.Equal("10.5.52.0/24", network.Nth(52, 24).ToString());
        Assert.Equal(52, (int)network.IndexOf(Parse("10.5.52.0/24")));
        Assert.Throws<ArgumentOutOfRangeException>(() => network.Nth(256, 24));
        Assert.Throws<ArgumentOutOfRangeException>(() => network.CountOf(15));
        Assert.Throws<ArgumentOutOfRangeException>(() => network.CountOf(33));
        Assert.Throws<ArgumentException>(() => network.IndexOf(Parse("10.6.0.0/24")));
        Assert.Equal(Parse("::/0"), Parse("::/0").Nth(0, 0));
        Assert.Equal(0, (int)Parse("::/0").IndexOf(Parse("::/0")));
        Assert.Throws<ArgumentOutOfRangeException>(() => Parse("::/0").CountOf(128));
    }

    [Fact]
    public void Arithmetic_AnyTwoSubnets_AgreesWithBigIntegers() =>
        Prop.ForAll(Pairs().ToArbitrary(), pair =>
        {
            (Subnet one, Subnet other) = pair;
            (BigInteger oneFirst, BigInteger oneLast) = Slow(one);
            (BigInteger otherFirst, BigInteger otherLast) = Slow(other);
            bool contains = oneFirst <= otherFirst && otherLast <= oneLast;
            Assert.Equal(oneFirst, (BigInteger)one.First);
            Assert.Equal(oneLast, (BigInteger)one.Last);
            Assert.Equal(contains, one.Contains(other));
            Assert.Equal(oneFirst <= otherLast && otherFirst <= oneLast, one.Overlaps(other));
            Assert.Equal(oneFirst <= otherFirst && otherFirst <= oneLast, one.Contains(other.BaseAddress));
            if (contains && other.PrefixLength - one.PrefixLength < 128)
            {
                BigInteger size = otherLast - otherFirst + 1;
                UInt128 index = one.IndexOf(other);
                Assert.Equal((oneLast - oneFirst + 1) / size, (BigInteger)one.CountOf(other.PrefixLength));
                Assert.Equal((otherFirst - oneFirst) / size, (BigInteger)index);
                Assert.Equal(other, one.Nth(index, other.PrefixLength));
            }
        }).QuickCheckThrowOnFailure();

    internal static Subnet Parse(string cidr) => new(IPNetwork.Parse(cidr));

    /// <summary>Two subnets of one family that often share a long prefix.</summary>
    internal static Gen<(Subnet One, Subnet Other)> Pairs() =>
        from family in Gen.Elements(Families)
        let width = family == AddressFamily.InterNetwork ? 32 : 128
        from address in AddressTextTests.SparseIPv6()
        from flipped in Gen.Choose(0, width)
        from oneLength in Gen.Choose(0, width)
        from otherLength in Gen.Choose(0, width)
        let one = width == 32 ? address & uint.MaxValue : address
        let other = flipped == width ? one : one ^ (UInt128.One << flipped)
        select (new Subnet(one, oneLength, family), new Subnet(other, otherLength, family));

    /// <summary>The slow model: from the text, with integers that cannot overflow.</summary>
    private static (BigInteger First, BigInteger Last) Slow(Subnet subnet)
    {
        string[] parts = subnet.ToString().Split('/');
        byte[] bytes = IPAddress.Parse(parts[0]).GetAddressBytes();
        var first = new BigInteger(bytes, isUnsigned: true, isBigEndian: true);
        var size = BigInteger.Pow(2, (8 * bytes.Length) - int.Parse(parts[1], CultureInfo.InvariantCulture));
        Assert.Equal(BigInteger.Zero, first % size);
        return (first, first + size - 1);
    }
}
