using System.Net;

namespace Flannel.Core.Tests.Configuration;

public sealed class NetworkConfigDefaultsTests
{
    [Theory]
    [InlineData("10.5.0.0/16", 24, "10.5.1.0", "10.5.255.0")]
    [InlineData("10.3.7.9/16", 24, "10.3.1.0", "10.3.255.0")]
    [InlineData("10.0.0.0/8", 24, "10.0.1.0", "10.255.255.0")]
    [InlineData("0.0.0.0/1", 24, "0.0.1.0", "127.255.255.0")]
    [InlineData("128.0.0.0/1", 24, "128.0.1.0", "255.255.255.0")]
    [InlineData("10.3.0.0/21", 24, "10.3.1.0", "10.3.7.0")]
    [InlineData("10.3.0.0/22", 24, "10.3.1.0", "10.3.3.0")]
    [InlineData("10.3.0.0/23", 25, "10.3.0.128", "10.3.1.128")]
    [InlineData("10.3.0.0/24", 26, "10.3.0.64", "10.3.0.192")]
    [InlineData("10.3.0.0/27", 29, "10.3.0.8", "10.3.0.24")]
    [InlineData("10.3.0.0/28", 30, "10.3.0.4", "10.3.0.12")]
    public void Parse_IPv4NetworkOnly_ComputesTheRest(string network, int length, string min, string max)
    {
        NetworkConfig config = Parse($$"""{"Network":"{{network}}"}""");

        Assert.Equal(length, config.SubnetLength);
        Assert.Equal(IPAddress.Parse(min), config.SubnetMin);
        Assert.Equal(IPAddress.Parse(max), config.SubnetMax);
        Assert.Null(config.IPv6Subnets);
        Assert.Equal($"{min}/{length} to {max}/{length}", config.IPv4Subnets.ToString());
    }

    [Theory]
    [InlineData(18, "10.3.64.0", "10.3.192.0")]
    [InlineData(24, "10.3.1.0", "10.3.255.0")]
    [InlineData(30, "10.3.0.4", "10.3.255.252")]
    public void Parse_IPv4SubnetLen_ComputesTheBounds(int length, string min, string max)
    {
        NetworkConfig config = Parse($$"""{"Network":"10.3.0.0/16","SubnetLen":{{length}}}""");

        Assert.Equal(length, config.SubnetLength);
        Assert.Equal(IPAddress.Parse(min), config.SubnetMin);
        Assert.Equal(IPAddress.Parse(max), config.SubnetMax);
    }

    [Theory]
    [InlineData("fc00::/48", 64, "fc00:0:0:1::", "fc00:0:0:ffff::")]
    [InlineData("fc00::/7", 64, "fc00:0:0:1::", "fdff:ffff:ffff:ffff::")]
    [InlineData("fd00:1:2::/62", 64, "fd00:1:2:1::", "fd00:1:2:3::")]
    [InlineData("fd00:1:2::/63", 65, "fd00:1:2:0:8000::", "fd00:1:2:1:8000::")]
    [InlineData("fd00:1:2:3::/64", 66, "fd00:1:2:3:4000::", "fd00:1:2:3:c000::")]
    [InlineData("fd00::/124", 126, "fd00::4", "fd00::c")]
    public void Parse_IPv6NetworkOnly_ComputesTheRest(string network, int length, string min, string max)
    {
        NetworkConfig config = Parse($$"""{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"{{network}}"}""");

        Assert.Equal(length, config.IPv6SubnetLength);
        Assert.Equal(IPAddress.Parse(min), config.IPv6SubnetMin);
        Assert.Equal(IPAddress.Parse(max), config.IPv6SubnetMax);
        Assert.Null(config.IPv4Subnets);
        Assert.NotNull(config.IPv6Subnets);
    }

    [Fact]
    public void Parse_DualStack_ComputesBothFamilies()
    {
        NetworkConfig config = Parse("""{"EnableIPv6":true,"Network":"10.5.0.0/16","IPv6Network":"fd00:10:5::/48"}""");

        Assert.Equal("10.5.1.0/24 to 10.5.255.0/24", config.IPv4Subnets.ToString());
        Assert.Equal("fd00:10:5:1::/64 to fd00:10:5:ffff::/64", config.IPv6Subnets.ToString());
    }

    [Fact]
    public void Parse_SubnetMinEqualToTheNetworkBase_IsAllowed()
    {
        NetworkConfig config = Parse("""{"Network":"10.5.0.0/16","SubnetMin":"10.5.0.0","SubnetMax":"10.5.0.0"}""");

        Assert.Equal("10.5.0.0/24 to 10.5.0.0/24", config.IPv4Subnets.ToString());
    }

    [Theory]
    [InlineData("""{"Network":"10.5.0.0/16","SubnetMin":"0.0.0.0","SubnetMax":"0.0.0.0","SubnetLen":0}""")]
    [InlineData("""{"Network":"10.5.0.0/16","SubnetLen":null,"EnableIPv4":null,"EnableIPv6":null,"EnableNFTables":null}""")]
    [InlineData("""{"Network":"10.5.0.0/16","IPv6SubnetLen":null,"IPv6SubnetMin":null,"IPv6SubnetMax":null}""")]
    [InlineData("""{"Network":"10.5.0.0/16","IPv6SubnetMin":"::","IPv6SubnetMax":"::"}""")]
    public void Parse_EmptyValues_AreAbsent(string json) => Assert.Equal(Parse("""{"Network":"10.5.0.0/16"}"""), Parse(json));

    [Fact]
    public void Parse_IPv6SwitchedOff_KeepsItsKeysWithoutJudgingThem()
    {
        NetworkConfig config = Parse("""{"Network":"10.5.0.0/16","IPv6Network":"fd00::/127","IPv6SubnetLen":5,"IPv6SubnetMin":"fe00::"}""");

        Assert.Equal(IPNetwork.Parse("fd00::/127"), config.IPv6Network);
        Assert.Equal(5, config.IPv6SubnetLength);
        Assert.Equal(IPAddress.Parse("fe00::"), config.IPv6SubnetMin);
        Assert.Null(config.IPv6Subnets);
    }

    [Fact]
    public void IPv4Subnets_NotValidated_SaysSo() =>
        Assert.Throws<InvalidOperationException>(() => new NetworkConfig { Network = IPNetwork.Parse("10.5.0.0/16") }.IPv4Subnets);

    private static NetworkConfig Parse(string json) => NetworkConfig.Parse(json, "test");
}
