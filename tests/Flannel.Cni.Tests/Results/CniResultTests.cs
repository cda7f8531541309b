using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Flannel.Cni.Tests.Results;

public sealed class CniResultTests
{
    private const string Full =
        """
        {"cniVersion":"1.1.0","interfaces":[{"name":"cni0","mac":"0a:58:0a:01:02:01","mtu":1450},{"name":"eth0","mac":"0a:58:0a:01:02:03","mtu":1450,"sandbox":"/run/netns/a","socketPath":"/s","pciID":"0000:00:1f.6"}],"ips":[{"interface":1,"address":"10.1.2.3/24","gateway":"10.1.2.1"},{"interface":1,"address":"fd00::3/64","gateway":"fd00::1"}],"routes":[{"dst":"0.0.0.0/0","gw":"10.1.2.1","mtu":1400,"advmss":1360,"priority":10,"table":50,"scope":253},{"dst":"::/0"}],"dns":{"nameservers":["10.1.0.10"],"domain":"a.b","search":["c"],"options":["ndots:5"]},"vendor":{"x":1}}
        """;

    [Fact]
    public void Newest_IsReadAndWrittenAsItWas() => Assert.Equal(Full, Read(Full).ToJson().ToJsonString());

    [Theory]
    [InlineData("0.1.0")]
    [InlineData("0.2.0")]
    [InlineData("0.3.0")]
    [InlineData("0.3.1")]
    [InlineData("0.4.0")]
    [InlineData("1.0.0")]
    [InlineData("1.1.0")]
    public void EveryVersion_IsWrittenReadAndConvertedBack(string version)
    {
        CniResult converted = Read(Full).ConvertTo(version);

        Assert.Equal(version, converted.CniVersion);
        Assert.Equal(converted, CniResult.Read(converted.ToJson()));
        Assert.Equal(["10.1.2.3", "fd00::3"], converted.Addresses.Select(address => address.Address.ToString()));
        Assert.Equal(converted, converted.ConvertTo("1.1.0").ConvertTo(version));
    }

    [Fact]
    public void Families_BecomeLists_AndRoutesWithoutGatewayGetTheirs()
    {
        CniResult result = Read(
            """{"cniVersion":"0.2.0","ip4":{"ip":"10.1.2.3/24","gateway":"10.1.2.1","routes":[{"dst":"0.0.0.0/0"},{"dst":"10.9.0.0/16","gw":"10.1.2.9"}]},"dns":{}}""");

        Assert.Equal(new CniAddress(IPAddress.Parse("10.1.2.3"), 24) { Gateway = IPAddress.Parse("10.1.2.1") }, Assert.Single(result.Addresses));
        Assert.Equal(["10.1.2.1", "10.1.2.9"], result.Routes.Select(route => route.Gateway!.ToString()));
        Assert.Equal(
            """{"cniVersion":"0.3.1","ips":[{"version":"4","address":"10.1.2.3/24","gateway":"10.1.2.1"}],"routes":[{"dst":"0.0.0.0/0","gw":"10.1.2.1"},{"dst":"10.9.0.0/16","gw":"10.1.2.9"}],"dns":{}}""",
            result.ConvertTo("0.3.1").ToString());
    }

    [Fact]
    public void VersionOfAddresses_IsWrittenUpTo04()
    {
        Assert.Equal("4", (string?)Read(Full).ConvertTo("0.4.0").ToJson()["ips"]![0]!["version"]);
        Assert.Null(Read(Full).ConvertTo("1.0.0").ToJson()["ips"]![0]!["version"]);
        Assert.Null(Read(Full).ConvertTo("1.0.0").ToJson()["interfaces"]![0]!["mtu"]);
    }

    [Fact]
    public void UnknownMembers_TravelOn() =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"x":1}"""), Read(Full).ConvertTo("0.4.0").ToJson()["vendor"]));

    [Fact]
    public void WithoutVersion_IsTheOldest() => Assert.Equal("0.1.0", Read("""{"ip4":{"ip":"10.0.0.1/8"}}""").CniVersion);

    [Fact]
    public void InterfaceMinusOne_IsNone() =>
        Assert.Null(Read("""{"cniVersion":"0.3.1","ips":[{"version":"4","interface":-1,"address":"10.0.0.1/8"}]}""").Addresses[0].Interface);

    [Theory]
    [InlineData("")]
    [InlineData("no")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"cniVersion\":1}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"cniVersion\":\"1.0.0\"}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"ips\":{}}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"ips\":[1]}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"ips\":[{}]}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.1/24\"}]}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.0.0.1/33\"}]}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.0.0.1/-1\"}]}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.0.0.1\"}]}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"fe80::1%1/64\"}]}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.0.0.1/8\",\"interface\":0}]}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.0.0.1/8\",\"interface\":1.5}]}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.0.0.1/8\",\"gateway\":\"x\"}]}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"routes\":[{\"dst\":\"x\"}]}")]
    [InlineData("{\"cniVersion\":\"1.0.0\",\"dns\":{\"nameservers\":[1]}}")]
    [InlineData("{\"cniVersion\":\"0.2.0\",\"ip4\":{\"ip\":\"fd00::1/64\"}}")]
    public void Garbage_IsADecodingFailure(string text) =>
        Assert.Equal(CniErrorCode.DecodingFailure, Assert.Throws<CniException>(() => Read(text)).Code);

    [Fact]
    public void UnknownVersion_IsIncompatible()
    {
        Assert.Equal(CniErrorCode.IncompatibleVersion, Assert.Throws<CniException>(() => Read("""{"cniVersion":"9.0.0"}""")).Code);
        Assert.Equal(CniErrorCode.IncompatibleVersion, Assert.Throws<CniException>(() => Read(Full).ConvertTo("x")).Code);
    }

    // Whatever is cut out of a result or changed in it: a result, or the one exception.
    [Fact]
    public void Mutations_EndInAResultOrInATypedError()
    {
        var random = new Random(1);
        byte[] good = Encoding.UTF8.GetBytes(Full);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = [.. good];
            for (int change = random.Next(1, 4); change > 0; change--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            bytes = bytes[..random.Next(bytes.Length + 1)];
            try
            {
                _ = CniResult.Parse(bytes).ToString();
            }
            catch (CniException)
            {
            }
        }
    }

    private static CniResult Read(string json) => CniResult.Parse(Encoding.UTF8.GetBytes(json));
}
