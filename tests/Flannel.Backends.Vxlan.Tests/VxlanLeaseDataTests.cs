using System.Net.NetworkInformation;
using System.Text;
using System.Text.Json;
using Flannel.Lab.Fuzzing;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Backends.Vxlan.Tests;

public sealed class VxlanLeaseDataTests
{
    [Fact]
    public void ToJson_Data_GivesFlannelsBytes()
    {
        string json = new VxlanLeaseData(1, PhysicalAddress.Parse("C6-D2-32-6F-8F-44")).ToJson();

        Assert.Equal(
            "7b22564e49223a312c22567465704d4143223a2263363a64323a33323a36663a38663a3434227d",
            Convert.ToHexStringLower(Encoding.UTF8.GetBytes(json)));
        Assert.Equal("""{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"}""", json);
    }

    [Theory]
    [InlineData("""{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44"}""", 1)]
    [InlineData("""{"VtepMAC":"c6:d2:32:6f:8f:44"}""", null)]
    [InlineData("""{"VNI":null,"VtepMAC":"C6:D2:32:6F:8F:44"}""", null)]
    [InlineData("""{ "vtepmac" : "c6-d2-32-6f-8f-44", "vni" : 16777215, "more" : [{}] }""", 16777215)]
    public void TryParse_DocumentOfAnyRelease_IsRead(string json, int? vni)
    {
        Assert.True(VxlanLeaseData.TryParse(json, out VxlanLeaseData? data, out _));
        Assert.Equal(new VxlanLeaseData(vni, PhysicalAddress.Parse("C6-D2-32-6F-8F-44")), data);
    }

    [Theory]
    [InlineData(null, "missing")]
    [InlineData("null", "missing")]
    [InlineData("", "object")]
    [InlineData("[]", "object")]
    [InlineData("\"text\"", "object")]
    [InlineData("""{"VNI":"1","VtepMAC":"c6:d2:32:6f:8f:44"}""", "object")]
    [InlineData("""{"VNI":1}""", "no MAC")]
    [InlineData("""{"VNI":1,"VtepMAC":""}""", "no MAC")]
    [InlineData("""{"VNI":1,"VtepMAC":"c6d2326f8f44"}""", "no MAC")]
    [InlineData("""{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f"}""", "no MAC")]
    [InlineData("""{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:4g"}""", "no MAC")]
    [InlineData("""{"VNI":1,"VtepMAC":"c6:d2:32:6f:8f:44:55:66"}""", "no MAC")]
    [InlineData("""{"VNI":1,"VtepMAC":"c6:d2:32-6f:8f:44"}""", "no MAC")]
    [InlineData("""{"VNI":1,"VtepMAC":"00:00:00:00:00:00"}""", "zero")]
    [InlineData("""{"VNI":1,"VtepMAC":"01:00:5e:00:00:01"}""", "multicast")]
    [InlineData("""{"VNI":1,"VtepMAC":"ff:ff:ff:ff:ff:ff"}""", "multicast")]
    [InlineData("""{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}""", "object")]
    public void TryParse_WhatCannotBeUsed_IsRefusedWithReason(string? json, string expected)
    {
        Assert.False(VxlanLeaseData.TryParse(json, out _, out string? reason));
        Assert.Contains(expected, reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"VtepMAC":HOSTILE}""")]
    [InlineData("""{"VNI":HOSTILE,"VtepMAC":"c6:d2:32:6f:8f:44"}""")]
    [InlineData("""{HOSTILE:[}""")]
    [InlineData("""{HOSTILE:{"a":""")]
    public void TryParse_HostileText_IsRefusedInShownText(string json)
    {
        Assert.False(VxlanLeaseData.TryParse(
            json.Replace("HOSTILE", JsonSerializer.Serialize(HostileText.Sample), StringComparison.Ordinal), out _, out string? reason));
        Assert.True(HostileText.IsShown(reason, 300), reason);
    }

    [Fact]
    public void TryParse_MutatedDocument_IsReadOrRefused() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(2000),
            Prop.ForAll(Mutations.Of("{\"VNI\":1,\"VtepMAC\":\"c6:d2:32:6f:8f:44\"}").ToArbitrary(), static bytes =>
        {
            bool isRead = VxlanLeaseData.TryParse(Encoding.UTF8.GetString(bytes), out VxlanLeaseData? data, out string? reason);
            Assert.Equal((isRead, isRead), (data is not null, reason is null));
        }));
}
