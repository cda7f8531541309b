using Flannel.Backends.Vxlan.Tests.Support;

namespace Flannel.Backends.Vxlan.Tests;

public sealed class VxlanBackendConfigTests
{
    [Fact]
    public void Parse_TypeOnly_GivesFlannelsDefaults()
    {
        VxlanBackendConfig config = Parse("");

        Assert.Equal((1, 8472, 0, false, false, false), (config.Vni, config.Port, config.Mtu, config.Gbp, config.Learning, config.DirectRouting));
    }

    [Fact]
    public void Parse_EveryKeyInOtherCase_IsRead()
    {
        VxlanBackendConfig config = Parse("""  "vni":7,"PORT":4789,"Mtu":1400,"gbp":true,"LEARNING":true,"directRouting":true,"unknown":[1] """);

        Assert.Equal((7, 4789, 1400, true, true, true), (config.Vni, config.Port, config.Mtu, config.Gbp, config.Learning, config.DirectRouting));
    }

    [Theory]
    [InlineData("\"VNI\":0", 0)]
    [InlineData("\"VNI\":16777215", 16777215)]
    [InlineData("\"VNI\":null", 1)]
    [InlineData("\"VNI\":5,\"vni\":6", 6)]
    public void Parse_VniAtItsLimits_IsRead(string block, int vni) => Assert.Equal(vni, Parse(block).Vni);

    [Theory]
    [InlineData("\"VNI\":16777216", "Backend.VNI", "16777216", "0 to 16777215")]
    [InlineData("\"VNI\":-1", "Backend.VNI", "-1", "0 to 16777215")]
    [InlineData("\"VNI\":\"1\"", "Backend.VNI", "\"1\"", "0 to 16777215")]
    [InlineData("\"VNI\":1.5", "Backend.VNI", "1.5", "0 to 16777215")]
    [InlineData("\"VNI\":1e1", "Backend.VNI", "1e1", "0 to 16777215")]
    [InlineData("\"VNI\":99999999999999999999", "Backend.VNI", "99999999999999999999", "0 to 16777215")]
    [InlineData("\"Port\":65536", "Backend.Port", "65536", "65535")]
    [InlineData("\"MTU\":117", "Backend.MTU", "117", "118 to 65535")]
    [InlineData("\"GBP\":1", "Backend.GBP", "1", "true or false")]
    [InlineData("\"Learning\":\"true\"", "Backend.Learning", "\"true\"", "true or false")]
    [InlineData("\"DirectRouting\":{}", "Backend.DirectRouting", "{}", "true or false")]
    public void Parse_WrongValue_IsRefusedWithKeyValueAndRange(string block, string key, string value, string allowed)
    {
        var exception = Assert.Throws<NetworkConfigException>(() => Parse(block));

        NetworkConfigProblem problem = Assert.Single(exception.Problems);
        Assert.Equal((key, value), (problem.Key, problem.Value));
        Assert.Contains(allowed, problem.Allowed, StringComparison.Ordinal);
        Assert.Contains(key, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_ManyWrongValues_ReportsAllAtOnce()
    {
        const string block = """
            "VNI":true,"Port":-5,"MTU":"big","GBP":0,"Learning":0,"DirectRouting":0
            """;
        var exception = Assert.Throws<NetworkConfigException>(() => Parse(block));

        Assert.Equal(
            ["Backend.VNI", "Backend.Port", "Backend.MTU", "Backend.GBP", "Backend.Learning", "Backend.DirectRouting"],
            exception.Problems.Select(static problem => problem.Key));
    }

    [Fact]
    public void Parse_MtuTooSmallForIPv6_IsRefusedOnlyWithIPv6()
    {
        Assert.Equal(1349, Parse("\"MTU\":1349").Mtu);
        Assert.Throws<NetworkConfigException>(() => VxlanBackendConfig.Parse(VxlanCluster.ConfigOf("\"MTU\":1349", ipv6: true)));
        Assert.Equal(1350, VxlanBackendConfig.Parse(VxlanCluster.ConfigOf("\"MTU\":1350", ipv6: true)).Mtu);
    }

    private static VxlanBackendConfig Parse(string block) => VxlanBackendConfig.Parse(VxlanCluster.ConfigOf(block.Trim()));
}
