using System.Net;
using System.Net.Sockets;
using Flannel.Core.Addressing;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Core.Tests.Addressing;

public sealed class AddressTextTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("10.5.52.1")]
    [InlineData("255.255.255.255")]
    public void TryParse_DottedDecimal_ReadsAndWritesTheSame(string text)
    {
        Assert.True(AddressText.TryParse(text, AddressFamily.InterNetwork, out UInt128 address));
        Assert.Equal(text, AddressText.Format(address, AddressFamily.InterNetwork));
        Assert.Equal(IPAddress.Parse(text), AddressText.ToAddress(address, AddressFamily.InterNetwork));
    }

    [Theory]
    [InlineData("")]
    [InlineData("10.5.1")]
    [InlineData("10.5.1.0.0")]
    [InlineData("10.5.1.")]
    [InlineData("10.5..0")]
    [InlineData("10.5.01.0")]
    [InlineData("010.5.1.0")]
    [InlineData("10.5.1.00")]
    [InlineData("10.5.1.256")]
    [InlineData("10.5.1.-1")]
    [InlineData("10.5.1.+1")]
    [InlineData("0x0a.5.1.0")]
    [InlineData("167772161")]
    [InlineData(" 10.5.1.0")]
    [InlineData("10.5.1.0 ")]
    [InlineData("10.5.1.0\n")]
    [InlineData("١٠.5.1.0")]
    [InlineData("::1")]
    [InlineData("10.5.1.0:80")]
    public void TryParse_NotDottedDecimal_IsRefused(string text) => Assert.False(AddressText.TryParse(text, AddressFamily.InterNetwork, out _));

    [Theory]
    [InlineData("::", "::")]
    [InlineData("::1", "::1")]
    [InlineData("FD00:0:0:5::", "fd00:0:0:5::")]
    [InlineData("2001:DB8::0007", "2001:db8::7")]
    [InlineData("1:0:0:2:0:0:0:3", "1:0:0:2::3")]
    [InlineData("1:0:0:2:3:0:0:4", "1::2:3:0:0:4")]
    [InlineData("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7")]
    [InlineData("0:0:1:2:3:4:5:6", "::1:2:3:4:5:6")]
    [InlineData("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::")]
    [InlineData("fd00::5efe:1.2.3.4", "fd00::5efe:102:304")]
    [InlineData("::1.2.3.4", "::102:304")]
    [InlineData("::ffff:1.2.3.4", "::ffff:102:304")]
    public void Format_Ipv6_FollowsRfc5952WithoutDottedTail(string text, string canonical)
    {
        Assert.True(AddressText.TryParse(text, AddressFamily.InterNetworkV6, out UInt128 address));
        Assert.Equal(canonical, AddressText.Format(address, AddressFamily.InterNetworkV6));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData(":::")]
    [InlineData("1::2::3")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1:2:3:4:5:6:7:8::")]
    [InlineData("12345::")]
    [InlineData("fd00::g")]
    [InlineData("fe80::1%1")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[::1]")]
    [InlineData("[::1]:80")]
    [InlineData("::1/64")]
    [InlineData("::ffff:01.2.3.4")]
    [InlineData("::ffff:1.2.3")]
    [InlineData("::ffff:0x1.2.3.4")]
    [InlineData(" ::1")]
    [InlineData("10.5.1.0")]
    public void TryParse_NotIPv6_IsRefused(string text) => Assert.False(AddressText.TryParse(text, AddressFamily.InterNetworkV6, out _));

    [Theory]
    [InlineData("10.3.7.9/16", "10.3.0.0/16")]
    [InlineData("10.3.7.9/0", "0.0.0.0/0")]
    [InlineData("10.3.7.9/32", "10.3.7.9/32")]
    [InlineData("10.3.7.9/33", null)]
    [InlineData("10.3.7.9/016", null)]
    [InlineData("10.3.7.9/", null)]
    [InlineData("10.3.7.9", null)]
    [InlineData("10.3.7.9/16/16", null)]
    [InlineData("10.3.7.9/-1", null)]
    public void TryParseCidr_Ipv4_MasksHostBits(string text, string? expected)
    {
        Assert.Equal(expected is not null, AddressText.TryParseCidr(text, AddressFamily.InterNetwork, out Subnet subnet));
        Assert.Equal(expected ?? "", subnet.ToString());
    }

    [Fact]
    public void Format_AnyIPv6_ReadsBackAsTheSameAddress() =>
        Prop.ForAll(SparseIPv6().ToArbitrary(), number =>
        {
            string text = AddressText.Format(number, AddressFamily.InterNetworkV6);
            return !text.Any(char.IsUpper)
                && !text.Contains('.', StringComparison.Ordinal)
                && AddressText.TryParse(text, AddressFamily.InterNetworkV6, out UInt128 back)
                && back == number
                && AddressText.ToNumber(IPAddress.Parse(text)) == number;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void TryParse_AnyText_NeverThrows() =>
        Prop.ForAll(ArbMap.Default.ArbFor<string?>(), text =>
        {
            AddressText.TryParse(text, AddressFamily.InterNetwork, out _);
            AddressText.TryParse(text, AddressFamily.InterNetworkV6, out _);
            AddressText.TryParseCidr(text, AddressFamily.InterNetworkV6, out _);
        }).QuickCheckThrowOnFailure();

    /// <summary>Addresses in which groups of zeros are common.</summary>
    internal static Gen<UInt128> SparseIPv6() =>
        Gen.Frequency((2, Gen.Constant((ushort)0)), (1, Gen.Choose(1, ushort.MaxValue).Select(value => (ushort)value)))
            .ArrayOf(8)
            .Select(groups => groups.Aggregate(UInt128.Zero, (number, group) => (number << 16) | group));
}
