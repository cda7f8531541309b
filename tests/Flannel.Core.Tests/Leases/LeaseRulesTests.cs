using System.Net;
using Flannel.Core.Leases;

namespace Flannel.Core.Tests.Leases;

public sealed class LeaseRulesTests
{
    private static readonly NetworkConfig IPv4Config = NetworkConfig.Parse(
        """{"Network":"10.5.0.0/16","SubnetMax":"10.5.99.0","Backend":{"Type":"vxlan"}}""", "test");

    private static readonly NetworkConfig IPv6Config = NetworkConfig.Parse(
        """{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fd00:10:5::/48","Backend":{"Type":"vxlan"}}""", "test");

    private static readonly NetworkConfig DualConfig = NetworkConfig.Parse(
        """{"EnableIPv6":true,"Network":"10.5.0.0/16","IPv6Network":"fd00:10:5::/48","Backend":{"Type":"vxlan"}}""", "test");

    private static readonly LeaseAttributes Own = new()
    {
        PublicIP = IPAddress.Parse("192.168.64.1"),
        PublicIPv6 = IPAddress.Parse("2001:db8::1"),
        BackendType = "vxlan",
    };

    private static readonly LeaseAttributes Peer = Own with
    {
        PublicIP = IPAddress.Parse("192.168.64.2"),
        PublicIPv6 = IPAddress.Parse("2001:db8::2"),
    };

    private readonly LeaseRules _ipv4 = new(IPv4Config, Own, SubnetKey.Parse("10.5.1.0-24"));
    private readonly LeaseRules _ipv6 = new(IPv6Config, Own, SubnetKey.Parse("0.0.0.0-0&fd00:10:5:1::-64"));
    private readonly LeaseRules _dual = new(DualConfig, Own, SubnetKey.Parse("10.5.1.0-24&fd00:10:5:1::-64"));

    [Theory]
    [InlineData("10.5.2.0-24", null)]
    [InlineData("10.5.99.0-24", null)]
    [InlineData("10.5.100.0-24", null)]
    [InlineData("10.5.0.0-24", null)]
    [InlineData("10.5.2.0-25", null)]
    [InlineData("10.5.2.0-23", null)]
    [InlineData("10.5.64.0-18", null)]
    [InlineData("10.6.2.0-24", "outside the network 10.5.0.0/16")]
    [InlineData("10.0.0.0-8", "outside the network 10.5.0.0/16")]
    [InlineData("10.5.0.0-16", "too large for one host of the network 10.5.0.0/16: at most a /18")]
    [InlineData("10.5.128.0-17", "too large for one host")]
    [InlineData("10.5.0.0-23", "overlaps this node's, 10.5.1.0/24")]
    [InlineData("10.5.1.128-25", "overlaps this node's, 10.5.1.0/24")]
    [InlineData("10.5.1.0-24", "overlaps this node's, 10.5.1.0/24")]
    [InlineData("0.0.0.0-0&fd00:10:5:2::-64", "it has only an IPv6 subnet")]
    public void Refuse_IPv4Subnet_MustBeInsideTheNetworkAndNotOurs(string key, string? reason) =>
        AssertReason(reason, _ipv4.Refuse(SubnetKey.Parse(key), Peer));

    [Theory]
    [InlineData("0.0.0.0-0&fd00:10:5:2::-64", null)]
    [InlineData("0.0.0.0-0&fd00:10:5:ffff::-64", null)]
    [InlineData("0.0.0.0-0&fd00:10:5::-64", null)]
    [InlineData("0.0.0.0-0&fd00:10:6::-64", "outside the network fd00:10:5::/48")]
    [InlineData("0.0.0.0-0&::-0", "outside the network fd00:10:5::/48")]
    [InlineData("0.0.0.0-0&fd00:10:5:2::-65", null)]
    [InlineData("0.0.0.0-0&fd00:10:5:8000::-49", "too large for one host")]
    [InlineData("0.0.0.0-0&fd00:10:5:1::-64", "overlaps this node's")]
    [InlineData("10.5.2.0-24", "it has only an IPv4 subnet")]
    public void Refuse_IPv6Subnet_MustBeInsideTheNetworkAndNotOurs(string key, string? reason) =>
        AssertReason(reason, _ipv6.Refuse(SubnetKey.Parse(key), Peer));

    [Theory]
    [InlineData("10.5.2.0-24&fd00:10:5:2::-64", null)]
    [InlineData("10.5.2.0-24&fd00:10:5:1::-64", "fd00:10:5:1::/64 overlaps this node's")]
    [InlineData("10.5.1.0-24&fd00:10:5:2::-64", "10.5.1.0/24 overlaps this node's")]
    [InlineData("10.6.2.0-24&fd00:10:5:2::-64", "outside the network 10.5.0.0/16")]
    [InlineData("10.5.2.0-24&fd00:10:6:2::-64", "outside the network fd00:10:5::/48")]
    public void Refuse_DualStackSubnets_JudgesBoth(string key, string? reason) => AssertReason(reason, _dual.Refuse(SubnetKey.Parse(key), Peer));

    [Fact]
    public void Refuse_PeerNotYetOnDualStack_IsAcceptedByWhatBothHave()
    {
        Assert.Null(_dual.Refuse(SubnetKey.Parse("10.5.2.0-24"), Peer with { PublicIPv6 = null }));
        Assert.Null(_dual.Refuse(SubnetKey.Parse("0.0.0.0-0&fd00:10:5:2::-64"), Peer with { PublicIP = null }));
        Assert.Null(_ipv4.Refuse(SubnetKey.Parse("10.5.2.0-24&fd77::-60"), Peer with { PublicIPv6 = IPAddress.IPv6Loopback }));
        AssertReason("outside the network", _dual.Refuse(SubnetKey.Parse("10.6.2.0-24"), Peer));
    }

    [Theory]
    [InlineData("192.168.64.2", null)]
    [InlineData("223.255.255.254", null)]
    [InlineData("169.254.3.4", "link-local")]
    [InlineData("240.0.0.1", "reserved")]
    [InlineData("255.255.255.254", "reserved")]
    [InlineData("0.0.0.0", "PublicIP is missing")]
    [InlineData("0.1.2.3", "names no host")]
    [InlineData("127.0.0.1", "loopback")]
    [InlineData("127.255.255.255", "loopback")]
    [InlineData("224.0.0.1", "multicast")]
    [InlineData("239.255.255.255", "multicast")]
    [InlineData("255.255.255.255", "broadcast")]
    [InlineData("10.5.2.1", "inside the overlay's network 10.5.0.0/16")]
    [InlineData("10.5.200.1", "inside the overlay's network 10.5.0.0/16")]
    [InlineData("192.168.64.1", "this node's own")]
    public void Refuse_PublicIP_MustBeAnotherHostsAddress(string address, string? reason) =>
        AssertReason(reason, _dual.Refuse(SubnetKey.Parse("10.5.2.0-24"), Peer with { PublicIP = IPAddress.Parse(address) }));

    [Theory]
    [InlineData("2001:db8::2", null)]
    [InlineData("fe80::2", "link-local")]
    [InlineData("febf::2", "link-local")]
    [InlineData("fd77::2", null)]
    [InlineData(null, "PublicIPv6 is missing")]
    [InlineData("::", "names no host")]
    [InlineData("::1", "loopback")]
    [InlineData("ff02::1", "multicast")]
    [InlineData("::ffff:192.168.64.2", "IPv4 address in IPv6 form")]
    [InlineData("fd00:10:5:2::1", "inside the overlay's network fd00:10:5::/48")]
    [InlineData("2001:db8::1", "this node's own")]
    public void Refuse_PublicIPv6_MustBeAnotherHostsAddress(string? address, string? reason)
    {
        LeaseAttributes attributes = Peer with { PublicIPv6 = address is null ? null : IPAddress.Parse(address) };

        AssertReason(reason, _ipv6.Refuse(SubnetKey.Parse("0.0.0.0-0&fd00:10:5:2::-64"), attributes));
        AssertReason(reason, _dual.Refuse(SubnetKey.Parse("10.5.2.0-24&fd00:10:5:2::-64"), attributes));
    }

    [Fact]
    public void Refuse_BackendType_MustBeOursIfWePublishOne()
    {
        SubnetKey key = SubnetKey.Parse("10.5.2.0-24");
        var udp = new LeaseRules(IPv4Config, Own with { BackendType = null }, SubnetKey.Parse("10.5.1.0-24"));

        AssertReason("BackendType is \"host-gw\", this node's is \"vxlan\"", _ipv4.Refuse(key, Peer with { BackendType = "host-gw" }));
        AssertReason("BackendType is \"VXLAN\"", _ipv4.Refuse(key, Peer with { BackendType = "VXLAN" }));
        AssertReason("BackendType is missing", _ipv4.Refuse(key, Peer with { BackendType = null }));
        Assert.Null(udp.Refuse(key, Peer with { BackendType = null }));
        Assert.Null(udp.Refuse(key, Peer));
    }

    [Theory]
    [InlineData("10.5.1.0-24", true, false, false)]
    [InlineData("10.5.99.0-24", true, false, false)]
    [InlineData("10.5.100.0-24", false, false, false)]
    [InlineData("10.5.0.0-24", false, false, false)]
    [InlineData("10.5.1.0-25", false, false, false)]
    [InlineData("10.5.1.0-24&fd00:10:5:1::-64", false, false, true)]
    [InlineData("10.5.1.0-24&fd00:10:5::-64", false, false, false)]
    [InlineData("10.5.1.0-24&fd00:10:5:10::-60", false, false, false)]
    [InlineData("0.0.0.0-0&fd00:10:5:1::-64", false, true, false)]
    public void Fits_OwnLease_HasExactlyTheConfiguredFamilies(string key, bool ipv4, bool ipv6, bool dual)
    {
        Assert.Equal(ipv4, LeaseRules.Fits(IPv4Config, SubnetKey.Parse(key)));
        Assert.Equal(ipv6, LeaseRules.Fits(IPv6Config, SubnetKey.Parse(key)));
        Assert.Equal(dual, LeaseRules.Fits(DualConfig, SubnetKey.Parse(key)));
    }

    private static void AssertReason(string? expected, string? reason)
    {
        if (expected is null)
        {
            Assert.Null(reason);
        }
        else
        {
            Assert.Contains(expected, reason, StringComparison.Ordinal);
        }
    }
}
