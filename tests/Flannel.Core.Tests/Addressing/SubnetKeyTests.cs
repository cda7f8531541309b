using System.Net;
using System.Net.Sockets;
using Flannel.Core.Addressing;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Core.Tests.Addressing;

public sealed class SubnetKeyTests
{
    [Theory]
    [InlineData("10.5.52.0-24", "10.5.52.0/24", null)]
    [InlineData("128.0.0.0-1", "128.0.0.0/1", null)]
    [InlineData("10.5.52.2-31", "10.5.52.2/31", null)]
    [InlineData("10.12.13.0-24&fd00:12:13::-56", "10.12.13.0/24", "fd00:12:13::/56")]
    [InlineData("10.5.56.0-24&fc00:0:0:5::-64", "10.5.56.0/24", "fc00:0:0:5::/64")]
    [InlineData("10.5.56.0-24&::-0", "10.5.56.0/24", "::/0")]
    [InlineData("10.5.56.0-24&fd00::2-127", "10.5.56.0/24", "fd00::2/127")]
    [InlineData("0.0.0.0-0&fd00::-64", null, "fd00::/64")]
    public void Parse_CanonicalKey_ReadsAndWritesTheSame(string text, string? ipv4, string? ipv6)
    {
        SubnetKey key = SubnetKey.Parse(text);

        Assert.Equal(Network(ipv4), key.IPv4);
        Assert.Equal(Network(ipv6), key.IPv6);
        Assert.Equal(text, key.ToString());
        Assert.Equal(new SubnetKey(Network(ipv4), Network(ipv6)), key);
    }

    [Theory]
    [InlineData("", "has no '-'")]
    [InlineData("foo", "has no '-'")]
    [InlineData("10.5.52.0", "has no '-'")]
    [InlineData("10.5.52.0/24", "has no '-'")]
    [InlineData("config-24", "does not start with an IPv4 address")]
    [InlineData("x10.5.52.0-24", "does not start with an IPv4 address")]
    [InlineData("10x5x52x0-24", "does not start with an IPv4 address")]
    [InlineData("a/10.5.52.0-24", "does not start with an IPv4 address")]
    [InlineData("10.5.052.0-24", "does not start with an IPv4 address")]
    [InlineData("10.5.256.0-24", "does not start with an IPv4 address")]
    [InlineData("10.5.52.0-24 ", "length is not a number from 1 to 31")]
    [InlineData("10.5.52.0-24\n", "length is not a number from 1 to 31")]
    [InlineData("10.5.52.0-024", "length is not a number from 1 to 31")]
    [InlineData("10.5.52.0-32", "length is not a number from 1 to 31")]
    [InlineData("10.5.52.0--1", "length is not a number from 1 to 31")]
    [InlineData("0.0.0.0-0", "length is not a number from 1 to 31")]
    [InlineData("10.5.52.1-24", "the subnet is 10.5.52.0/24")]
    [InlineData("10.5.52.0-24&", "the IPv6 part has no '-'")]
    [InlineData("10.5.52.0-24&fd00::", "the IPv6 part has no '-'")]
    [InlineData("10.5.52.0-24&fd00::-128", "length is not a number from 0 to 127")]
    [InlineData("10.5.52.0-24&fd00::-64&", "length is not a number from 0 to 127")]
    [InlineData("10.5.52.0-24&FD00::-64", "canonical form of its IPv6 address is fd00::")]
    [InlineData("10.5.52.0-24&fd00:0::-64", "canonical form of its IPv6 address is fd00::")]
    [InlineData("10.5.52.0-24&fd00::1.2.3.4-64", "canonical form of its IPv6 address is fd00::102:304")]
    [InlineData("10.5.52.0-24&fd00::1-64", "the subnet is fd00::/64")]
    [InlineData("10.5.52.0-24&fe80::%eth0-64", "does not start with an IPv6 address")]
    [InlineData("&fd00::-64", "the IPv4 part has no '-'")]
    [InlineData("fd00::-64", "does not start with an IPv4 address")]
    [InlineData("0.0.0.0-8&fd00::-64x", "length is not a number from 0 to 127")]
    public void Parse_AnythingElse_ExplainsWhy(string text, string why)
    {
        FormatException e = Assert.Throws<FormatException>(() => SubnetKey.Parse(text));

        Assert.Contains(why, e.Message, StringComparison.Ordinal);
        Assert.False(SubnetKey.TryParse(text, out SubnetKey key));
        Assert.Equal(default, key);
    }

    [Fact]
    public void TryParse_Null_IsFalse() => Assert.False(SubnetKey.TryParse(null, out _));

    [Fact]
    public void Parse_LongForeignKey_QuotesItShortly()
    {
        FormatException e = Assert.Throws<FormatException>(() => SubnetKey.Parse(new string('\n', 100_000)));

        Assert.True(e.Message.Length < 400);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void Constructor_WhatNoKeyCanName_Throws()
    {
        IPNetwork ipv4 = IPNetwork.Parse("10.5.52.0/24");
        IPNetwork ipv6 = IPNetwork.Parse("fd00::/64");

        Assert.Throws<ArgumentException>(() => new SubnetKey(default(IPNetwork?), null));
        Assert.Throws<ArgumentException>(() => new SubnetKey(ipv6, null));
        Assert.Throws<ArgumentException>(() => new SubnetKey(ipv4, ipv4));
        Assert.Throws<ArgumentException>(() => new SubnetKey(IPNetwork.Parse("10.5.52.0/32"), null));
        Assert.Throws<ArgumentException>(() => new SubnetKey(IPNetwork.Parse("0.0.0.0/0"), null));
        Assert.Throws<ArgumentException>(() => new SubnetKey(ipv4, IPNetwork.Parse("fd00::/128")));
    }

    [Fact]
    public void Equality_DistinguishesFamiliesAndLengths()
    {
        string[] texts = ["10.5.0.0-16", "10.5.0.0-24", "10.5.0.0-24&fd00::-64", "10.5.0.0-24&fd00::-56", "0.0.0.0-0&fd00::-64", "10.5.1.0-24"];
        HashSet<SubnetKey> keys = [.. texts.Select(SubnetKey.Parse), .. texts.Select(SubnetKey.Parse), default];

        Assert.Equal(texts.Length + 1, keys.Count);
        Assert.True(SubnetKey.Parse(texts[0]) == SubnetKey.Parse(texts[0]));
        Assert.True(SubnetKey.Parse(texts[0]) != SubnetKey.Parse(texts[1]));
        Assert.Equal("", default(SubnetKey).ToString());
    }

    [Fact]
    public void ToString_AnyKey_ReadsBackAsTheSameKey() =>
        Prop.ForAll(
            Keys().ToArbitrary(),
            key => SubnetKey.TryParse(key.ToString(), out SubnetKey back) && back == key && back.GetHashCode() == key.GetHashCode())
            .QuickCheckThrowOnFailure();

    [Fact]
    public void TryParse_MutatedKey_IsRefusedOrCanonical() =>
        Prop.ForAll(Mutated().ToArbitrary(), text => !SubnetKey.TryParse(text, out SubnetKey key) || key.ToString() == text)
            .QuickCheckThrowOnFailure();

    private static IPNetwork? Network(string? cidr) => cidr is null ? null : IPNetwork.Parse(cidr);

    private static Gen<SubnetKey> Keys() =>
        from ipv4 in Gen.Choose(0, int.MaxValue)
        from ipv4Length in Gen.Choose(0, 31)
        from ipv6 in AddressTextTests.SparseIPv6()
        from ipv6Length in Gen.Choose(-20, 127)
        where ipv4Length > 0 || ipv6Length >= 0
        select new SubnetKey(
            ipv4Length == 0 ? default(Subnet?) : new Subnet((uint)ipv4 * 2, ipv4Length, AddressFamily.InterNetwork),
            ipv6Length < 0 ? null : new Subnet(ipv6, ipv6Length, AddressFamily.InterNetworkV6));

    private static Gen<string> Mutated() =>
        from key in Keys()
        let text = key.ToString()
        from position in Gen.Choose(0, text.Length)
        from deleted in Gen.Choose(0, 1)
        from inserted in Gen.Elements("", "0", "1", ":", ".", "-", "&", "f", "F", " ", "%", "/")
        select string.Concat(text.AsSpan(0, position), inserted, text.AsSpan(Math.Min(text.Length, position + deleted)));
}
