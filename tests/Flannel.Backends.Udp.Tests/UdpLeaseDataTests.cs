namespace Flannel.Backends.Udp.Tests;

public sealed class UdpLeaseDataTests
{
    [Fact]
    public void ToJson_Always_IsCompact() => Assert.Equal("""{"Port":8285}""", new UdpLeaseData(8285).ToJson());

    [Theory]
    [InlineData("""{"Port":8285}""", 8285)]
    [InlineData("""{"port":1,"more":{"a":[1]}}""", 1)]
    public void TryParse_Documents_AreRead(string json, int port)
    {
        Assert.True(UdpLeaseData.TryParse(json, out UdpLeaseData? data, out _));
        Assert.Equal(port, data.Port);
    }

    [Theory]
    [InlineData(null, "missing")]
    [InlineData("null", "missing")]
    [InlineData("{}", "no UDP port")]
    [InlineData("""{"Port":0}""", "0")]
    [InlineData("""{"Port":65536}""", "65536")]
    [InlineData("""{"Port":"x"}""", "Port")]
    [InlineData("""[1]""", "object")]
    public void TryParse_OfNoUse_SaysWhy(string? json, string reason)
    {
        Assert.False(UdpLeaseData.TryParse(json, out _, out string? found));
        Assert.Contains(reason, found, StringComparison.Ordinal);
    }
}
