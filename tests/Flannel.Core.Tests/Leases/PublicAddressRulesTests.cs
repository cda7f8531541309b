using System.Net;
using Flannel.Core.Leases;

namespace Flannel.Core.Tests.Leases;

public sealed class PublicAddressRulesTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("127.0.0.1")]
    [InlineData("169.254.1.1")]
    [InlineData("224.0.0.1")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("fe80::1")]
    [InlineData("febf::1")]
    [InlineData("ff02::1")]
    [InlineData("::ffff:192.0.2.1")]
    public void Refuse_AddressesOfNoHost(string address) => Assert.NotNull(PublicAddressRules.Refuse(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("100.64.0.1")]
    [InlineData("203.0.113.9")]
    [InlineData("fd00::1")]
    [InlineData("2001:db8::1")]
    public void Refuse_AddressesOfHosts_AreFine(string address) => Assert.Null(PublicAddressRules.Refuse(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.9.0.1", null, "its PublicIP 10.9.0.1 is an address of this host")]
    [InlineData("192.168.0.7", "fd00::7", "its PublicIPv6 fd00::7 is an address of this host")]
    [InlineData("192.168.0.7", "fd00::8", null)]
    [InlineData(null, null, null)]
    public void RefuseOwn_AnyAddressOfThisHost(string? ipv4, string? ipv6, string? reason)
    {
        HashSet<IPAddress> own = [IPAddress.Parse("10.9.0.1"), IPAddress.Parse("fd00::7")];
        var peer = new LeaseAttributes
        {
            PublicIP = ipv4 is null ? null : IPAddress.Parse(ipv4),
            PublicIPv6 = ipv6 is null ? null : IPAddress.Parse(ipv6),
        };

        Assert.Equal(reason, PublicAddressRules.RefuseOwn(peer, own));
    }

    [Theory]
    [InlineData("192.168.0.255", "broadcast")]
    [InlineData("192.168.0.0", "names the link")]
    [InlineData("192.168.0.7", null)]
    [InlineData("10.9.0.3", "broadcast")]
    [InlineData("10.9.1.1", null)]
    [InlineData("10.9.2.0", null)]
    [InlineData("192.168.1.255", null)]
    public void RefuseOn_WhatIsSpecialOnTheLink(string address, string? reason)
    {
        IPNetwork[] links = [
            IPNetwork.Parse("192.168.0.0/24"),
            IPNetwork.Parse("10.9.0.0/30"),
            IPNetwork.Parse("10.9.1.0/31"),
            IPNetwork.Parse("10.9.2.0/32"),
            IPNetwork.Parse("fd00::/64"),
        ];

        string? refused = PublicAddressRules.RefuseOn(new LeaseAttributes { PublicIP = IPAddress.Parse(address) }, links);

        if (reason is null) Assert.Null(refused);
        else Assert.Contains(reason, refused, StringComparison.Ordinal);
    }
}
