using System.Text;
using Flannel.Lab.Fuzzing;
using FsCheck;
using FsCheck.Fluent;

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

    [Fact]
    public void TryParse_MutatedDocument_IsReadOrRefused() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(2000),
            Prop.ForAll(Mutations.Of("""{"Port":8285}""").ToArbitrary(), static bytes =>
        {
            bool isRead = UdpLeaseData.TryParse(Encoding.UTF8.GetString(bytes), out UdpLeaseData? data, out string? reason);
            Assert.Equal((isRead, isRead), (data is not null, reason is null));
            if (data is not null) Assert.InRange(data.Port, 1, ushort.MaxValue);
        }));
}
