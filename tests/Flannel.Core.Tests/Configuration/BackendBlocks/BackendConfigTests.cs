using System.Net;

namespace Flannel.Core.Tests.Configuration.BackendBlocks;

public sealed class BackendConfigTests
{
    public static TheoryData<BackendConfig, string> Documents => new()
    {
        { new VxlanBackendConfig(), """{"Type":"vxlan"}""" },
        { new VxlanBackendConfig { Vni = 0, Port = 0 }, """{"Type":"vxlan","VNI":0}""" },
        {
            new VxlanBackendConfig { Vni = 7, Port = 4789, Mtu = 1400, Gbp = true, Learning = true, DirectRouting = true },
            """{"Type":"vxlan","VNI":7,"Port":4789,"MTU":1400,"GBP":true,"Learning":true,"DirectRouting":true}"""
        },
        { new UdpBackendConfig(), """{"Type":"udp"}""" },
        { new UdpBackendConfig { Port = 8286 }, """{"Type":"udp","Port":8286}""" },
        { new HostGatewayBackendConfig(), """{"Type":"host-gw"}""" },
        { new AllocBackendConfig(), """{"Type":"alloc"}""" },
    };

    [Theory]
    [MemberData(nameof(Documents))]
    public void ToJson_AnyBlock_IsFlannelsAndReadsBackAsTheSame(BackendConfig block, string json)
    {
        ArgumentNullException.ThrowIfNull(block);
        Assert.Equal(json, block.ToJson());
        NetworkConfig config = With(json);
        BackendConfig read = block switch
        {
            VxlanBackendConfig => VxlanBackendConfig.Parse(config),
            UdpBackendConfig => UdpBackendConfig.Parse(config),
            HostGatewayBackendConfig => HostGatewayBackendConfig.Parse(config),
            _ => AllocBackendConfig.Parse(config),
        };
        Assert.Equal(block, read);
    }

    [Fact]
    public void Parse_KeysThatMeanNothing_AreWrittenBackAsTheyWere()
    {
        VxlanBackendConfig block =
            VxlanBackendConfig.Parse(With("""{"MacPrefix":"0E-2A","type":"vxlan","x":null,"vni":7, "y":[1, "<"], "Port":null}"""));

        Assert.Equal("""{"MacPrefix":"0E-2A","x":null,"y":[1,"\u003c"]}""", block.OtherKeys);
        Assert.Equal("""{"Type":"vxlan","VNI":8,"MacPrefix":"0E-2A","x":null,"y":[1,"\u003c"]}""", (block with { Vni = 8 }).ToJson());
        Assert.Equal("""{"Type":"host-gw","Name":"cbr0"}""", HostGatewayBackendConfig.Parse(With("""{"Type":"host-gw","Name":"cbr0"}""")).ToJson());
    }

    [Theory]
    [InlineData("""{"Type":"udp"}""", "Backend.Type")]
    [InlineData("""{"VNI":7}""", "Backend.Type")]
    [InlineData("""{ corrupt""", "Backend")]
    [InlineData("""[1]""", "Backend")]
    [InlineData(null, "Backend.Type")]
    public void Parse_BlockOfAnotherType_IsRefused(string? json, string key)
    {
        var error = Assert.Throws<NetworkConfigException>(() => VxlanBackendConfig.Parse(With(json)));

        Assert.Equal(key, Assert.Single(error.Problems).Key);
        Assert.Throws<NetworkConfigException>(() => HostGatewayBackendConfig.Parse(With(json)));
        Assert.Throws<NetworkConfigException>(() => AllocBackendConfig.Parse(With(json)));
    }

    private static NetworkConfig With(string? backend) => new() { Network = IPNetwork.Parse("10.5.0.0/16"), Backend = backend };
}
