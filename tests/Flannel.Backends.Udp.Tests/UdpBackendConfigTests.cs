using Flannel.Backends.Udp.Tests.Support;

namespace Flannel.Backends.Udp.Tests;

public sealed class UdpBackendConfigTests
{
    [Fact]
    public void Parse_WithoutABlock_GivesFlannelsPort() =>
        Assert.Equal(8285, UdpBackendConfig.Parse(NetworkConfig.Parse("""{"Network":"10.5.0.0/16"}""", "test")).Port);

    [Theory]
    [InlineData("", 8285)]
    [InlineData("\"port\":8286", 8286)]
    [InlineData("\"PORT\":1", 1)]
    [InlineData("\"Port\":65535", 65535)]
    [InlineData("\"Port\":null", 8285)]
    [InlineData("\"Port\":5,\"port\":6", 6)]
    [InlineData("\"VNI\":[1]", 8285)]
    public void Parse_Port_IsReadAsFlannelDoes(string block, int port) => Assert.Equal(port, Parse(block).Port);

    [Theory]
    [InlineData("\"Port\":0", "0")]
    [InlineData("\"Port\":65536", "65536")]
    [InlineData("\"Port\":-1", "-1")]
    [InlineData("\"Port\":\"8285\"", "\"8285\"")]
    [InlineData("\"Port\":1.5", "1.5")]
    public void Parse_NoPort_IsRefusedWithWhatWasFound(string block, string found)
    {
        var exception = Assert.Throws<NetworkConfigException>(() => Parse(block));

        NetworkConfigProblem problem = Assert.Single(exception.Problems);
        Assert.Contains("Port", problem.ToString(), StringComparison.Ordinal);
        Assert.Contains(found, exception.Message, StringComparison.Ordinal);
    }

    private static UdpBackendConfig Parse(string block) => UdpBackendConfig.Parse(UdpCluster.ConfigOf(backend: block));
}
