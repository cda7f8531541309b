using System.Net;
using System.Text;
using Flannel.Lab.Fuzzing;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Core.Tests.Leases;

public sealed class LeaseAttributesTests
{
    private const string VxlanData = """{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"}""";
    private const string WireguardData = """{"PublicKey":"H0Ad2yKBMgfGM6/Yt2dRxd8u+juyViCz3KdJfEdteJ8=","Port":51820}""";

    private const string DualStack =
        """{"PublicIP":"192.168.64.7","PublicIPv6":"2001:db8::7","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"},"BackendV6Data":{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"}}""";

    /// <summary>The documents that flannel itself writes, per backend.</summary>
    public static TheoryData<string, string?, string?, string?, string?, string?> GoldenDocuments() => new()
    {
        {
            """{"PublicIP":"192.168.64.3","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"}}""",
            "192.168.64.3", null, "vxlan", VxlanData, null
        },
        { """{"PublicIP":"192.168.64.4","PublicIPv6":null}""", "192.168.64.4", null, null, null, null },
        { """{"PublicIP":"192.168.64.5","PublicIPv6":null,"BackendType":"host-gw"}""", "192.168.64.5", null, "host-gw", null, null },
        {
            """{"PublicIP":"192.168.64.6","PublicIPv6":null,"BackendType":"wireguard","BackendData":{"PublicKey":"H0Ad2yKBMgfGM6/Yt2dRxd8u+juyViCz3KdJfEdteJ8=","Port":51820}}""",
            "192.168.64.6", null, "wireguard", WireguardData, null
        },
        { DualStack, "192.168.64.7", "2001:db8::7", "vxlan", VxlanData, VxlanData },
        {
            """{"PublicIP":"0.0.0.0","PublicIPv6":"fd00::5efe:102:304","BackendType":"extension","BackendV6Data":"a \u003c b\n"}""",
            null, "fd00::5efe:1.2.3.4", "extension", null, "\"a \\u003c b\\n\""
        },
        { """{"PublicIP":"0.0.0.0","PublicIPv6":null}""", null, null, null, null, null },
    };

    [Theory]
    [MemberData(nameof(GoldenDocuments))]
    public void Document_Golden_IsReadAndWrittenByteForByte(string json, string? ip, string? ipv6, string? type, string? data, string? v6Data)
    {
        var made = new LeaseAttributes
        {
            PublicIP = ip is null ? null : IPAddress.Parse(ip),
            PublicIPv6 = ipv6 is null ? null : IPAddress.Parse(ipv6),
            BackendType = type,
            BackendData = data,
            BackendV6Data = v6Data,
        };

        Assert.Equal(made, Parse(json));
        Assert.Equal(json, made.ToJson());
        Assert.Equal(Encoding.UTF8.GetBytes(json), Parse(json).ToUtf8Json());
    }

    [Theory]
    [InlineData("""{}""", """{"PublicIP":"0.0.0.0","PublicIPv6":null}""")]
    [InlineData(
        """ { "publicip" : "10.0.0.1" , "PUBLICIPV6" : "2001:DB8::0001" , "backendtype" : "vxlan" } """,
        """{"PublicIP":"10.0.0.1","PublicIPv6":"2001:db8::1","BackendType":"vxlan"}""")]
    [InlineData("""{"PublicIP":"10.0.0.1","BackendType":null,"Extra":{"a":[1]}}""", """{"PublicIP":"10.0.0.1","PublicIPv6":null}""")]
    [InlineData("""{"PublicIP":"10.0.0.1","BackendType":""}""", """{"PublicIP":"10.0.0.1","PublicIPv6":null}""")]
    [InlineData("""{"PublicIP":"10.0.0.1","BackendData":null}""", """{"PublicIP":"10.0.0.1","PublicIPv6":null,"BackendData":null}""")]
    [InlineData(
        """{"PublicIP":"10.0.0.9","PublicIP":"10.0.0.1","publicIPv6":"::1","PublicIPv6":null}""", """{"PublicIP":"10.0.0.1","PublicIPv6":null}""")]
    [InlineData(
        """{"PublicIP":"10.0.0.1","BackendData":{ "k" : "<&>+/" , "n" : 1.50 }}""",
        """{"PublicIP":"10.0.0.1","PublicIPv6":null,"BackendData":{"k":"\u003c\u0026\u003e+/","n":1.50}}""")]
    [InlineData("""{"PublicIP":"10.0.0.1","BackendType":"a<b+c/d"}""", """{"PublicIP":"10.0.0.1","PublicIPv6":null,"BackendType":"a\u003cb+c/d"}""")]
    [InlineData(
        """{"PublicIP":"10.0.0.1","\ud800":"\ud800","BackendData":"\ud800"}""",
        """{"PublicIP":"10.0.0.1","PublicIPv6":null,"BackendData":"\ud800"}""")]
    [InlineData(
        "{\"PublicIP\":\"10.0.0.1\",\"BackendData\":\"\u2028\u2029\"}", """{"PublicIP":"10.0.0.1","PublicIPv6":null,"BackendData":"\u2028\u2029"}""")]
    public void Document_WrittenByAnother_ComesOutAsFlannelWouldWriteIt(string json, string expected)
    {
        Assert.Equal(expected, Parse(json).ToJson());
        Assert.Equal(Parse(json), Parse(expected));
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("garbage", "not JSON")]
    [InlineData("{\"PublicIP\":\"10.0.0.1\"", "not JSON")]
    [InlineData("{\"PublicIP\":\"10.0.0.1\"} x", "not JSON")]
    [InlineData("null", "is null, not a JSON object")]
    [InlineData("[]", "is [], not a JSON object")]
    [InlineData("""{"PublicIP":null}""", "PublicIP is null, not an IPv4 address")]
    [InlineData("""{"PublicIP":""}""", "PublicIP is \"\", not an IPv4 address")]
    [InlineData("""{"PublicIP":"010.0.0.1"}""", "PublicIP is \"010.0.0.1\", not an IPv4 address")]
    [InlineData("""{"PublicIP":"2001:db8::7"}""", "not an IPv4 address")]
    [InlineData("""{"PublicIP":167772161}""", "not an IPv4 address")]
    [InlineData("""{"PublicIP":["10.0.0.1"]}""", "not an IPv4 address")]
    [InlineData("""{"PublicIPv6":""}""", "PublicIPv6 is \"\", not an IPv6 address or null")]
    [InlineData("""{"PublicIPv6":"10.0.0.1"}""", "not an IPv6 address or null")]
    [InlineData("""{"PublicIPv6":"fe80::1%eth0"}""", "not an IPv6 address or null")]
    [InlineData("""{"BackendType":5}""", "BackendType is 5, not a string")]
    [InlineData("""{"BackendType":"\ud800"}""", "not a string")]
    [InlineData("""{"BackendData":[[[[[[[[1]]]]]]]]}""", "at most 8 levels")]
    public void Parse_BrokenDocument_SaysWhatIsWrong(string json, string why)
    {
        FormatException e = Assert.Throws<FormatException>(() => Parse(json));

        Assert.Contains(why, e.Message, StringComparison.Ordinal);
        Assert.False(LeaseAttributes.TryParse(Encoding.UTF8.GetBytes(json), out LeaseAttributes? attributes, out string? reason));
        Assert.Null(attributes);
        Assert.Equal(e.Message, reason);
    }

    [Fact]
    public void Parse_NotUtf8_SaysSo()
    {
        byte[] document = [.. "{\"BackendType\":\""u8, 0xC0, 0xAF, .. "\"}"u8];

        Assert.Contains("UTF-8", Assert.Throws<FormatException>(() => LeaseAttributes.Parse(document)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_SixteenKibibytes_IsTheLimit()
    {
        string Document(int bytes)
        {
            const string Empty = """{"PublicIP":"10.0.0.1","x":""}""";
            return Empty.Replace("\"\"", $"\"{new string('x', bytes - Empty.Length)}\"", StringComparison.Ordinal);
        }

        Assert.Equal(IPAddress.Parse("10.0.0.1"), Parse(Document(16 * 1024)).PublicIP);
        Assert.Contains("16385 bytes", Assert.Throws<FormatException>(() => Parse(Document((16 * 1024) + 1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_DepthOfEight_IsTheLimit() =>
        Assert.Equal("[[[[[[[1]]]]]]]", Parse("""{"PublicIP":"10.0.0.1","BackendData":[[[[[[[1]]]]]]]}""").BackendData);

    [Fact]
    public void Properties_WhatNoDocumentCanHold_Throws()
    {
        Assert.Throws<ArgumentException>(() => new LeaseAttributes { PublicIP = IPAddress.IPv6Loopback });
        Assert.Throws<ArgumentException>(() => new LeaseAttributes { PublicIPv6 = IPAddress.Loopback });
        Assert.Throws<ArgumentException>(() => new LeaseAttributes { PublicIPv6 = IPAddress.Parse("fe80::1%3") });
        Assert.Throws<ArgumentException>(() => new LeaseAttributes { BackendData = "{" });
        Assert.Throws<ArgumentException>(() => new LeaseAttributes { BackendV6Data = "[[[[[[[[1]]]]]]]]" });
        Assert.Throws<InvalidOperationException>(() => new LeaseAttributes { BackendData = $"\"{new string('x', 17_000)}\"" }.ToUtf8Json());
    }

    [Fact]
    public void Equality_IsByMeaning()
    {
        var one = new LeaseAttributes { PublicIP = IPAddress.Parse("10.0.0.1"), BackendType = "", BackendData = """{ "VNI" : 1 }""" };
        var other = new LeaseAttributes { PublicIP = IPAddress.Parse("10.0.0.1"), BackendData = """{"VNI":1}""", BackendV6Data = "" };

        Assert.Equal(one, other);
        Assert.Equal(new LeaseAttributes(), new LeaseAttributes { PublicIP = IPAddress.Any });
        Assert.NotEqual(one, one with { BackendData = """{"VNI":2}""" });
    }

    [Fact]
    public void Parse_RandomBytes_NeverThrows() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), AcceptsOrRefuses).QuickCheckThrowOnFailure();

    [Fact]
    public void Parse_MutatedDocument_NeverThrows() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(Mutations.Of(DualStack).ToArbitrary(), AcceptsOrRefuses));

    private static LeaseAttributes Parse(string json) => LeaseAttributes.Parse(Encoding.UTF8.GetBytes(json));

    private static void AcceptsOrRefuses(byte[] document)
    {
        if (LeaseAttributes.TryParse(document, out LeaseAttributes? attributes, out string? reason))
        {
            Assert.Equal(attributes, LeaseAttributes.Parse(attributes.ToUtf8Json()));
        }
        else
        {
            Assert.NotEmpty(reason);
        }
    }
}
