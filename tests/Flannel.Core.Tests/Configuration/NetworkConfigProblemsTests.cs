using System.Net;
using Flannel.Lab.Fuzzing;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Core.Tests.Configuration;

public sealed class NetworkConfigProblemsTests
{
    private const string Valid =
        """{"EnableIPv6":true,"Network":"10.5.0.0/16","SubnetLen":24,"SubnetMin":"10.5.1.0","IPv6Network":"fd00:10:5::/48","IPv6SubnetMax":"fd00:10:5:9::","Backend":{"Type":"vxlan","VNI":1}}""";

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("{'Network':'10.5.0.0/16'}")]
    [InlineData("{\"Network\":\"10.5.0.0/16\",}")]
    [InlineData("/* */ {\"Network\":\"10.5.0.0/16\"}")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"10.5.0.0/16\"")]
    [InlineData("Network: 10.5.0.0/16")]
    public void Parse_NotAJsonObject_IsOneProblemOfTheDocument(string json) => Assert.Equal("", Assert.Single(Problems(json)).Key);

    [Theory]
    [InlineData("\ufeff{\"Network\":\"10.5.0.0/16\"}", "byte order mark")]
    [InlineData("", "it is empty")]
    [InlineData(" \n\t ", "it is empty")]
    [InlineData("{\u201cNetwork\u201d:\"10.5.0.0/16\"}", "line 1, column 2: \u201c is a typographic quote")]
    [InlineData("{\"Network\": \u201c10.5.0.0/16\u201d}", "line 1, column 13: \u201c is a typographic quote")]
    [InlineData("{\n  \"Network\": \"10.5.0.0/16\",\n  \u2018Backend\u2019: {}\n}", "line 3, column 3: \u2018 is a typographic quote")]
    [InlineData("{'Network':'10.5.0.0/16'}", "line 1, column 2: JSON has no single quotes")]
    [InlineData("{\\\"Network\\\":\\\"10.5.0.0/16\\\"}", "line 1, column 2: there is a backslash")]
    [InlineData("{\"Network\":\"10.5.0.0/16\",}", "line 1, column 26: there is a comma before }")]
    [InlineData("{\"Network\":\"10.5.0.0/16\",\n}", "line 2, column 1: there is a comma before }")]
    [InlineData("{\"Network\":\"10.5.0.0/16\" // the range\n}", "JSON has no comments")]
    [InlineData("# a range\n{\"Network\":\"10.5.0.0/16\"}", "line 1, column 1: JSON has no comments")]
    [InlineData("/* */ {\"Network\":\"10.5.0.0/16\"}", "line 1, column 1: JSON has no comments")]
    [InlineData("{\"Network\":\"10.5.0.0/16\" \"SubnetLen\":24}", "a comma is missing")]
    [InlineData("{\"Network\"=\"10.5.0.0/16\"}", "a colon stands between a key and its value")]
    [InlineData("{\"Network\":\"10.5.0.0/16\"", "it ends too early")]
    [InlineData("{\"Network\":\"10.5.0.0/16", "it ends too early")]
    [InlineData("{\"Network\":\"10.5.0.0/16\"} {}", "more behind the end")]
    public void Parse_NotJson_ShowsThePlaceAndTheCause(string json, string expected)
    {
        NetworkConfigProblem problem = Assert.Single(Problems(json));

        Assert.Contains(expected, problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_NotJson_ShowsWhatStandsThere()
    {
        NetworkConfigProblem problem = Assert.Single(Problems("{\"Network\": \u201c10.5.0.0/16\u201d}"));

        Assert.Contains("near \"{\\\"Network\\\": \u201c10.5.0.0/16\u201d}\"", problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_Utf16_IsSaid() => Assert.Contains(
        "UTF-16",
        Assert.Throws<NetworkConfigException>(() => NetworkConfig.Parse([0xFF, 0xFE, .. System.Text.Encoding.Unicode.GetBytes("{}")], "test"))
            .Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Parse_Utf16WithoutAByteOrderMark_IsSaid(bool bigEndian) => Assert.Contains(
        "it is UTF-16; save it as UTF-8",
        Assert.Throws<NetworkConfigException>(
            () => NetworkConfig.Parse(new System.Text.UnicodeEncoding(bigEndian, byteOrderMark: false).GetBytes("{}"), "test")).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Parse_CharactersThatTerminalsObey_AreShownEscaped() =>
        Assert.Contains("\\u202e", Assert.Single(Problems("{\"Network\":\"10.5.0.0/16\u202e\"}")).ToString(), StringComparison.Ordinal);

    [Fact]
    public void Parse_NotUtf8_IsOneProblemOfTheDocument()
    {
        byte[] document = [.. "{\"Network\":\"10.5.0.0/16\",\"x\":\""u8, 0xFF, .. "\"}"u8];

        NetworkConfigException e = Assert.Throws<NetworkConfigException>(() => NetworkConfig.Parse(document, "test"));

        Assert.Equal("", Assert.Single(e.Problems).Key);
    }

    [Theory]
    [InlineData("Network", "null")]
    [InlineData("Network", "\"\"")]
    [InlineData("Network", "5")]
    [InlineData("Network", "\"10.5.0.0\"")]
    [InlineData("Network", "\"10.05.0.0/16\"")]
    [InlineData("Network", "\"fd00:10:5::/48\"")]
    [InlineData("Network", "\"0.0.0.0/0\"")]
    [InlineData("Network", "\"10.5.0.0/29\"")]
    [InlineData("Network", "\"10.5.0.0/33\"")]
    [InlineData("IPv6Network", "null")]
    [InlineData("IPv6Network", "\"\"")]
    [InlineData("IPv6Network", "\"10.5.0.0/16\"")]
    [InlineData("IPv6Network", "\"fe80::%eth0/48\"")]
    [InlineData("IPv6Network", "\"::/0\"")]
    [InlineData("IPv6Network", "\"fd00::/125\"")]
    [InlineData("IPv6Network", "\"::ffff:10.5.0.0/112\"")]
    [InlineData("SubnetLen", "\"24\"")]
    [InlineData("SubnetLen", "24.0")]
    [InlineData("SubnetLen", "1e1")]
    [InlineData("SubnetLen", "-1")]
    [InlineData("SubnetLen", "true")]
    [InlineData("SubnetLen", "17")]
    [InlineData("SubnetLen", "31")]
    [InlineData("SubnetLen", "4294967295")]
    [InlineData("SubnetLen", "99999999999999999999")]
    [InlineData("IPv6SubnetLen", "49")]
    [InlineData("IPv6SubnetLen", "127")]
    [InlineData("IPv6SubnetLen", "\"64\"")]
    [InlineData("SubnetMin", "null")]
    [InlineData("SubnetMin", "\"\"")]
    [InlineData("SubnetMin", "\"10.5.1.0/24\"")]
    [InlineData("SubnetMin", "\"10.5.01.0\"")]
    [InlineData("SubnetMin", "\"10.6.1.0\"")]
    [InlineData("SubnetMin", "\"10.5.1.1\"")]
    [InlineData("SubnetMin", "\"fd00::\"")]
    [InlineData("SubnetMax", "null")]
    [InlineData("SubnetMax", "\"\"")]
    [InlineData("SubnetMax", "\"10.5.1.128\"")]
    [InlineData("SubnetMax", "\"10.4.255.0\"")]
    [InlineData("SubnetMax", "\"10.5.0.0\"")]
    [InlineData("IPv6SubnetMin", "\"\"")]
    [InlineData("IPv6SubnetMin", "\"fd00:10:5:1::1\"")]
    [InlineData("IPv6SubnetMin", "\"fd00:10:6::\"")]
    [InlineData("IPv6SubnetMin", "\"10.5.1.0\"")]
    [InlineData("IPv6SubnetMax", "\"fd00:10:5:1::%1\"")]
    [InlineData("IPv6SubnetMax", "\"fd00:10:5::\"")]
    [InlineData("EnableIPv4", "\"true\"")]
    [InlineData("EnableIPv4", "1")]
    [InlineData("EnableIPv6", "\"false\"")]
    [InlineData("EnableNFTables", "0")]
    [InlineData("Backend", "null")]
    [InlineData("Backend", "\"vxlan\"")]
    [InlineData("Backend", "[]")]
    [InlineData("Backend.Type", null)]
    [InlineData("Backend.Type", "5")]
    [InlineData("Backend.Type", "\"\"")]
    [InlineData("Backend.Type", "\"\\ud800\"")]
    public void Parse_OneWrongValue_NamesKeyValueAndWhatIsAllowed(string key, string? value)
    {
        string member = key == "Backend.Type" ? $"\"Backend\":{{{(value is null ? "" : $"\"Type\":{value}")}}}" : $"\"{key}\":{value}";
        string json = $$"""{"EnableIPv6":true,"Network":"10.5.0.0/16","IPv6Network":"fd00:10:5::/48",{{member}}}""";

        NetworkConfigProblem problem = Assert.Single(Problems(json));

        Assert.Equal(key, problem.Key);
        Assert.NotEmpty(problem.Allowed);
        if (value is not ("99999999999999999999" or "4294967295"))
        {
            // A CIDR's host bits are already cleared, an IPv6 address may be spelled in its canonical form.
            Assert.Equal(
                key == "IPv6Network" && value!.Contains("ffff", StringComparison.Ordinal) ? "\"::ffff:a05:0/112\"" : value ?? "", problem.Value);
        }
    }

    [Fact]
    public void Parse_SubnetMinAfterSubnetMax_IsRefusedAlthoughFlannelTakesIt()
    {
        NetworkConfigProblem problem = Assert.Single(Problems("""{"Network":"10.5.0.0/16","SubnetMin":"10.5.9.0","SubnetMax":"10.5.8.0"}"""));

        Assert.Equal(("SubnetMin", "\"10.5.9.0\""), (problem.Key, problem.Value));
        Assert.Contains("10.5.8.0", problem.Allowed, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_NoFamilyEnabled_IsAProblem() => Assert.Equal("EnableIPv4", Assert.Single(Problems("""{"EnableIPv4":false}""")).Key);

    [Theory]
    [InlineData("{}", "Network")]
    [InlineData("""{"EnableIPv6":true,"Network":"10.5.0.0/16"}""", "IPv6Network")]
    public void Parse_MandatoryKeyMissing_IsAProblemWithoutValue(string json, string key)
    {
        NetworkConfigProblem problem = Assert.Single(Problems(json));

        Assert.Equal((key, ""), (problem.Key, problem.Value));
        Assert.StartsWith($"{key} is missing", problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_ManyProblems_ListsAllOfThemInTheOrderOfTheKeys()
    {
        NetworkConfigException e = Assert.Throws<NetworkConfigException>(() => NetworkConfig.Parse(
            """
            {"Backend":{"Type":""},"IPv6SubnetMax":"x","IPv6SubnetMin":"fd01::","IPv6SubnetLen":200,"EnableIPv6":true,"IPv6Network":"fd00:10:5::/48",
             "SubnetMax":7,"SubnetMin":"10.6.0.0","SubnetLen":"24","Network":"10.5.0.0/16","EnableNFTables":"no","EnableIPv4":1}
            """,
            "etcd key /coreos.com/network/config"));

        Assert.Equal(
            [
                "EnableIPv4",
                "EnableNFTables",
                "SubnetLen",
                "SubnetMin",
                "SubnetMax",
                "IPv6SubnetLen",
                "IPv6SubnetMin",
                "IPv6SubnetMax",
                "Backend.Type",
            ],
            e.Problems.Select(problem => problem.Key));
        Assert.Contains("etcd key /coreos.com/network/config", e.Message, StringComparison.Ordinal);
        Assert.All(e.Problems, problem => Assert.Contains(problem.ToString(), e.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Parse_HugeValue_IsQuotedShortly()
    {
        NetworkConfigProblem problem = Assert.Single(Problems($$"""{"Network":"{{new string('x', 100_000)}}"}"""));

        Assert.True(problem.Value.Length < 100);
    }

    [Theory]
    [MemberData(nameof(WrongInCode))]
    public void Validate_MadeWronglyInCode_ListsTheProblem(string key, NetworkConfig config)
    {
        NetworkConfig complete = config.Network is null ? config with { Network = IPNetwork.Parse("10.5.0.0/16") } : config;

        NetworkConfigException e = Assert.Throws<NetworkConfigException>(() => complete.Validate());

        Assert.Equal(key, Assert.Single(e.Problems).Key);
        Assert.Throws<NetworkConfigException>(complete.ToJson);
    }

    public static TheoryData<string, NetworkConfig> WrongInCode() => new()
    {
        { "Network", new NetworkConfig { Network = IPNetwork.Parse("fd00::/48") } },
        { "Network", new NetworkConfig { Network = default(IPNetwork) } },
        { "SubnetLen", new NetworkConfig { SubnetLength = -1 } },
        { "SubnetMin", new NetworkConfig { SubnetMin = IPAddress.Parse("fd00::") } },
        { "SubnetMax", new NetworkConfig { SubnetMax = IPAddress.Parse("fd00::") } },
        { "IPv6Network", new NetworkConfig { EnableIPv6 = true } },
        { "IPv6Network", new NetworkConfig { IPv6Network = IPNetwork.Parse("10.5.0.0/16") } },
        { "IPv6SubnetLen", new NetworkConfig { IPv6SubnetLength = -1 } },
        { "IPv6SubnetMin", new NetworkConfig { IPv6SubnetMin = IPAddress.Parse("10.5.0.0") } },
        { "IPv6SubnetMax", new NetworkConfig { IPv6SubnetMax = IPAddress.Parse("fe80::1%3") } },
        { "Backend", new NetworkConfig { Backend = "vxlan" } },
        { "Backend", new NetworkConfig { Backend = "\ud800" } },
        { "Backend", new NetworkConfig { Backend = new string('[', 64) + new string(']', 64) } },
        { "Backend.Type", new NetworkConfig { Backend = "{}" } },
    };

    [Fact]
    public void Parse_RandomBytes_NeverThrowsAnythingElse() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), AcceptsOrRefuses).QuickCheckThrowOnFailure();

    [Fact]
    public void Parse_MutatedDocument_NeverThrowsAnythingElse() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(Mutations.Of(Valid).ToArbitrary(), AcceptsOrRefuses));

    private static IReadOnlyList<NetworkConfigProblem> Problems(string json) =>
        Assert.Throws<NetworkConfigException>(() => NetworkConfig.Parse(json, "test")).Problems;

    private static void AcceptsOrRefuses(byte[] document)
    {
        try
        {
            NetworkConfig config = NetworkConfig.Parse(document, "test");
            Assert.Equal(config, NetworkConfig.Parse(config.ToJson(), "test"));
        }
        catch (NetworkConfigException e)
        {
            Assert.NotEmpty(e.Problems);
        }
    }
}
