using Flannel.Core.Addressing;

namespace Flannel.Core.Tests.Addressing;

public sealed class SubnetRangeTests
{
    private static readonly SubnetRange Range = new(SubnetTests.Parse("10.5.1.0/24"), SubnetTests.Parse("10.5.255.0/24"));

    [Fact]
    public void Range_CountsBothEnds()
    {
        Assert.Equal(255, (int)Range.Count);
        Assert.Equal(24, Range.PrefixLength);
        Assert.Equal("10.5.1.0/24", Range[0].ToString());
        Assert.Equal("10.5.255.0/24", Range[254].ToString());
        Assert.Equal("10.5.1.0/24 to 10.5.255.0/24", Range.ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => Range[255]);
    }

    [Theory]
    [InlineData("10.5.1.0/24", 0)]
    [InlineData("10.5.52.0/24", 51)]
    [InlineData("10.5.255.0/24", 254)]
    [InlineData("10.5.0.0/24", null)]
    [InlineData("10.6.0.0/24", null)]
    [InlineData("10.5.52.0/25", null)]
    [InlineData("10.5.52.0/23", null)]
    [InlineData("::/24", null)]
    public void TryGetIndex_OnlyMembersHaveOne(string subnet, int? expected)
    {
        Assert.Equal(expected is not null, Range.TryGetIndex(SubnetTests.Parse(subnet), out UInt128 index));
        Assert.Equal(expected ?? 0, (int)index);
    }

    [Theory]
    [InlineData("10.5.52.128/25", 51, 51)]
    [InlineData("10.5.52.0/23", 51, 52)]
    [InlineData("10.5.0.0/23", 0, 0)]
    [InlineData("10.5.0.0/16", 0, 254)]
    [InlineData("0.0.0.0/0", 0, 254)]
    public void TryGetOverlap_AnyLength_GivesThePositionsCovered(string subnet, int first, int last)
    {
        Assert.True(Range.TryGetOverlap(SubnetTests.Parse(subnet), out UInt128 firstIndex, out UInt128 lastIndex));
        Assert.Equal((first, last), ((int)firstIndex, (int)lastIndex));
    }

    [Theory]
    [InlineData("10.5.0.0/24")]
    [InlineData("10.6.0.0/16")]
    [InlineData("::/0")]
    public void TryGetOverlap_Outside_GivesNone(string subnet) => Assert.False(Range.TryGetOverlap(SubnetTests.Parse(subnet), out _, out _));

    [Fact]
    public void Range_OfMostOfIPv6_CountsExactly()
    {
        var range = new SubnetRange(SubnetTests.Parse("4000::/126"), SubnetTests.Parse("7fff:ffff:ffff:ffff:ffff:ffff:ffff:fffc/126"));

        Assert.Equal(UInt128.One << 124, range.Count);
        Assert.Equal(range.Last, range[range.Count - 1]);
    }

    [Theory]
    [InlineData("10.5.2.0/24", "10.5.1.0/24")]
    [InlineData("10.5.1.0/24", "10.5.2.0/25")]
    [InlineData("10.5.1.0/24", "fd00::/24")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    public void Constructor_NoRange_Throws(string first, string last) =>
        Assert.Throws<ArgumentException>(() => new SubnetRange(SubnetTests.Parse(first), SubnetTests.Parse(last)));
}
