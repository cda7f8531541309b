using System.Net.Sockets;
using System.Security.Cryptography;
using Flannel.Linux.Traffic;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Linux.Tests.Traffic;

public sealed class TrafficNamesTests
{
    [Fact]
    public void DefaultNetwork_HasFlannelsNames()
    {
        var names = new TrafficNames("");

        Assert.Equal(
            ("FLANNEL-POSTRTG", "FLANNEL-FWD", "flanneld masq", "flanneld forward", "flannel-ipv4", "flannel-ipv6"),
            (names.MasqueradeChain, names.ForwardChain, names.MasqueradeComment, names.ForwardComment,
                names.Table(AddressFamily.InterNetwork), names.Table(AddressFamily.InterNetworkV6)));
    }

    [Fact]
    public void PlainName_IsReadInTheNames()
    {
        var names = new TrafficNames("blue");

        Assert.Equal(
            ("FLANNEL-POSTRTG-BLUE", "FLANNEL-FWD-BLUE", "flanneld masq blue", "flanneld forward blue", "flannel-ipv4-blue", "flannel-ipv6-blue"),
            (names.MasqueradeChain, names.ForwardChain, names.MasqueradeComment, names.ForwardComment,
                names.Table(AddressFamily.InterNetwork), names.Table(AddressFamily.InterNetworkV6)));
    }

    [Fact]
    public void DefaultNetwork_HasTheMetricOfTheEmptyName()
    {
        byte[] hash = SHA256.HashData([]);

        Assert.Equal(0xF1A00000 | ((uint)hash[0] << 12) | ((uint)hash[1] << 4) | ((uint)hash[2] >> 4), new TrafficNames("").BlackholeMetric);
    }

    [Theory]
    [InlineData("blue", "BLUE")]
    [InlineData("a-network-of-many-hosts", "a-network-of-many-horses")]
    [InlineData("a b", "a_b")]
    [InlineData("ä", "ö")]
    public void NamesThatLookAlike_DoNotCollide(string one, string other)
    {
        var (first, second) = (new TrafficNames(one), new TrafficNames(other));

        Assert.NotEqual(first.MasqueradeChain, second.MasqueradeChain);
        Assert.NotEqual(first.Table(AddressFamily.InterNetwork), second.Table(AddressFamily.InterNetwork));
        Assert.NotEqual(first.BlackholeMetric, second.BlackholeMetric);
    }

    [Fact]
    public void AnyName_GivesNamesThatBothFiltersTake() =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), name =>
        {
            var names = new TrafficNames(name.Get);
            Assert.Matches("^FLANNEL-POSTRTG(-[A-Z0-9_-]+)?$", names.MasqueradeChain);
            Assert.InRange(names.MasqueradeChain.Length, 1, 28);
            Assert.InRange(names.ForwardChain.Length, 1, 28);
            Assert.Matches("^flannel-ipv6(-[a-z0-9_-]+)?$", names.Table(AddressFamily.InterNetworkV6));
        }).QuickCheckThrowOnFailure();
}
