using System.Net;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Core.Tests.Configuration;

public sealed class NetworkConfigTests
{
    [Fact]
    public void Parse_FlannelsExample_ReadsIt()
    {
        NetworkConfig config = Parse("""{ "Network": "10.5.0.0/16", "Backend": {"Type": "vxlan"}}""");

        Assert.True(config.EnableIPv4);
        Assert.False(config.EnableIPv6);
        Assert.False(config.EnableNFTables);
        Assert.Equal(IPNetwork.Parse("10.5.0.0/16"), config.Network);
        Assert.Null(config.IPv6Network);
        Assert.Equal("""{"Type":"vxlan"}""", config.Backend);
        Assert.Equal("vxlan", config.BackendType);
    }

    [Fact]
    public void Parse_EveryKeyInAnyCase_ReadsThem()
    {
        NetworkConfig config = Parse(
            """
            { "enableipv4": true, "ENABLEIPV6": true, "enableNFTables": true,
              "network": "10.5.0.0/16", "subnetLEN": 26, "subnetmin": "10.5.10.0", "SUBNETMAX": "10.5.99.192",
              "ipv6network": "FD00:10:5::1/48", "ipv6subnetlen": 62, "iPv6SubnetMin": "fd00:10:5:10::", "ipv6subnetmax": "fd00:10:5:fffc::",
              "backend": { "type": "VXLAN", "vni" : 7 }, "somethingElse": [1, 2, {"Network": 5}] }
            """);

        Assert.Equal(
            new NetworkConfig
            {
                EnableIPv4 = true,
                EnableIPv6 = true,
                EnableNFTables = true,
                Network = IPNetwork.Parse("10.5.0.0/16"),
                SubnetLength = 26,
                SubnetMin = IPAddress.Parse("10.5.10.0"),
                SubnetMax = IPAddress.Parse("10.5.99.192"),
                IPv6Network = IPNetwork.Parse("fd00:10:5::/48"),
                IPv6SubnetLength = 62,
                IPv6SubnetMin = IPAddress.Parse("fd00:10:5:10::"),
                IPv6SubnetMax = IPAddress.Parse("fd00:10:5:fffc::"),
                Backend = """{"type":"VXLAN","vni":7}""",
            },
            config);
        Assert.Equal("vxlan", config.BackendType);
    }

    [Theory]
    [InlineData("""{"Network":"10.9.0.0/16","network":"10.5.0.0/16"}""")]
    [InlineData("""{"Network":"10.5.0.0/16","SubnetLen":20,"subnetlen":24}""")]
    [InlineData("""{"Network":"10.5.0.0/16","EnableIPv4":false,"EnableIPv4":true}""")]
    [InlineData("""{"\u004eetwork":"10.5.0.0/16","\ud800":1}""")]
    public void Parse_EqualKeys_LastOneCounts(string json) => Assert.Equal(Parse("""{"Network":"10.5.0.0/16"}"""), Parse(json));

    [Fact]
    public void Parse_NullAfterANumber_LeavesTheNumber() =>
        Assert.Equal(20, Parse("""{"Network":"10.5.0.0/16","SubnetLen":20,"SubnetLen":null}""").SubnetLength);

    [Fact]
    public void Parse_NoBackend_IsUdp()
    {
        NetworkConfig config = Parse("""{"Network":"10.5.0.0/16"}""");

        Assert.Null(config.Backend);
        Assert.Equal("udp", config.BackendType);
    }

    [Theory]
    [InlineData("""{"Type":"host-gw"}""", "host-gw")]
    [InlineData("""{"type":"VxLaN"}""", "vxlan")]
    [InlineData("""{"Type":"udp","TYPE":"vxlan"}""", "vxlan")]
    [InlineData("""{"Type":"vxlan","Type":null}""", "vxlan")]
    [InlineData("""{"VNI":1}""", "")]
    [InlineData("""{"Type":5}""", "")]
    [InlineData("""["vxlan"]""", "")]
    [InlineData("not JSON", "")]
    public void BackendType_FollowsFromBackend(string backend, string type)
    {
        Assert.Equal(type, new NetworkConfig { Backend = backend }.BackendType);
        Assert.Equal(type, (new NetworkConfig { Backend = """{"Type":"x"}""" } with { Backend = backend }).BackendType);
        Assert.Equal("udp", (new NetworkConfig { Backend = backend } with { Backend = null }).BackendType);
    }

    [Fact]
    public void Validate_MadeInCode_FillsInDefaults()
    {
        NetworkConfig made = new NetworkConfig { Network = IPNetwork.Parse("10.5.0.0/16"), Backend = """{ "Type": "vxlan" }""" }.Validate();

        Assert.Equal(Parse("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}"""), made);
        Assert.Equal(made, made.Validate());
    }

    [Theory]
    [InlineData("""{"Network":"10.5.0.0/16"}""")]
    [InlineData("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""")]
    [InlineData("""{"EnableNFTables":true,"Network":"10.5.0.0/16","SubnetLen":26}""")]
    [InlineData("""{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fd00:10:5::/48"}""")]
    [InlineData(
        """{"EnableIPv6":true,"Network":"10.5.0.0/16","SubnetMin":"10.5.10.0","SubnetMax":"10.5.20.0","IPv6Network":"fd00:10:5::/48","IPv6SubnetLen":60,"IPv6SubnetMin":"fd00:10:5:20::","IPv6SubnetMax":"fd00:10:5:40::"}""")]
    [InlineData("""{"Network":"10.5.0.0/16","IPv6Network":"fd00::/127","IPv6SubnetLen":5,"IPv6SubnetMin":"fe00::","IPv6SubnetMax":"1::"}""")]
    public void ToJson_ShortestDocument_ComesBackAsItWas(string json) => Assert.Equal(json, Parse(json).ToJson());

    [Fact]
    public void ToJson_DefaultsWrittenOut_LeavesThemOut() =>
        Assert.Equal(
            """{"Network":"10.5.0.0/16"}""",
            Parse("""{"EnableIPv4":true,"EnableIPv6":false,"Network":"10.5.0.0/16","SubnetLen":24,"SubnetMin":"10.5.1.0","SubnetMax":"10.5.255.0"}""")
                .ToJson());

    [Fact]
    public void ToJson_AnyConfig_ReadsBackAsTheSameConfig() =>
        Prop.ForAll(Configs().ToArbitrary(), config =>
        {
            NetworkConfig complete = config.Validate();
            return NetworkConfig.Parse(config.ToJson(), "test") == complete && NetworkConfig.Parse(complete.ToJson(), "test") == complete;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void ToString_TellsTheRangesButNotTheBackendsKeys() =>
        Assert.Equal(
            "10.5.0.0/16 in subnets of /24, fd00:10:5::/48 in subnets of /64, backend wireguard",
            Parse("""{"EnableIPv6":true,"Network":"10.5.0.0/16","IPv6Network":"fd00:10:5::/48","Backend":{"Type":"wireguard","PSK":"secret"}}""")
                .ToString());

    private static NetworkConfig Parse(string json) => NetworkConfig.Parse(json, "test");

    private static Gen<NetworkConfig> Configs() =>
        from families in Gen.Choose(1, 3)
        from nftables in Gen.Elements(true, false)
        from network in Gen.Elements("10.0.0.0/8", "10.5.0.0/16", "10.5.4.0/22", "10.5.4.0/23", "10.5.4.0/28")
        from length in Gen.Elements(0, 30)
        from min in Gen.Elements(null, "10.5.4.4", "10.5.4.8")
        from max in Gen.Elements(null, "10.5.4.12")
        from ipv6Network in Gen.Elements("fd00::/8", "fd00:10:5::/48", "fd00:10:5::/124")
        from ipv6Length in Gen.Elements(0, 126)
        from ipv6Max in Gen.Elements(null, "fd00:10:5::8")
        from backend in Gen.Elements(null, """{"Type":"vxlan"}""", """{ "Type": "x<&>y+/é\u0000", "a": [1.50, {"b": " \" c "}] }""")
        select new NetworkConfig
        {
            EnableIPv4 = (families & 1) != 0,
            EnableIPv6 = (families & 2) != 0,
            EnableNFTables = nftables,
            Network = IPNetwork.Parse(network),
            SubnetLength = length,
            SubnetMin = length == 30 && min is not null ? IPAddress.Parse(min) : null,
            SubnetMax = length == 30 && max is not null ? IPAddress.Parse(max) : null,
            IPv6Network = IPNetwork.Parse(ipv6Network),
            IPv6SubnetLength = ipv6Length,
            IPv6SubnetMax = ipv6Length == 126 && ipv6Max is not null && ipv6Network != "fd00::/8" ? IPAddress.Parse(ipv6Max) : null,
            Backend = backend,
        };
}
