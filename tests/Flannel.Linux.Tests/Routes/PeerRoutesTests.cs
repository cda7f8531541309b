using System.Net;
using Flannel.Linux.Hosts;
using Flannel.Linux.Routes;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Routes;
using Flannel.Testing.Namespaces;

namespace Flannel.Linux.Tests.Routes;

public sealed class PeerRoutesTests
{
    private const int Eth0 = 2;

    private static readonly PeerRoutes IPv4 = new(IPNetwork.Parse("10.5.0.0/16"), 24);
    private static readonly PeerRoutes IPv6 = new(IPNetwork.Parse("fd00:5::/48"), 64);

    private static readonly RouteEntry Own = PeerRoutes.Make(IPNetwork.Parse("10.5.2.0/24"), IPAddress.Parse("192.168.100.2"), Eth0);
    private static readonly RouteEntry OwnIPv6 = PeerRoutes.Make(IPNetwork.Parse("fd00:5:0:2::/64"), IPAddress.Parse("fd00:100::2"), Eth0);

    /// <summary>Routes that stand on our place or beside it, and are not ours.</summary>
    public static TheoryData<string, bool> ForeignRoutes => new()
    {
        { "protocol", true },
        { "type", true },
        { "no gateway", true },
        { "gateway of the other family", true },
        { "on-link", true },
        { "source", true },
        { "other interface", true },
        { "length", true },
        { "kernel", false },
        { "metric", false },
        { "table", false },
        { "other network", false },
        { "the network itself as part of a larger one", false },
    };

    [Fact]
    public void IsOurs_WhatMakeMakes_IsOursInItsFamilyOnly()
    {
        Assert.True(IPv4.IsOurs(Own, Eth0));
        Assert.True(IPv6.IsOurs(OwnIPv6, Eth0));
        Assert.False(IPv4.IsOnOurPlace(OwnIPv6));
        Assert.False(IPv6.IsOnOurPlace(Own));
    }

    [Theory]
    [MemberData(nameof(ForeignRoutes))]
    public void IsOurs_AnythingElse_IsForeign(string difference, bool isOnOurPlace)
    {
        RouteEntry route = difference switch
        {
            "protocol" => Own with { Protocol = RouteProtocol.Static },
            "type" => Own with { Type = RouteType.Blackhole },
            "no gateway" => Own with { Gateway = null },
            "gateway of the other family" => Own with { Gateway = IPAddress.Parse("fd00:100::2") },
            "on-link" => Own with { Flags = RouteFlags.OnLink },
            "source" => Own with { PreferredSource = IPAddress.Parse("192.168.100.1") },
            "other interface" => Own with { LinkIndex = 3 },
            "length" => Own with { Destination = IPNetwork.Parse("10.5.2.0/25") },
            "kernel" => Own with { Protocol = RouteProtocol.Kernel },
            "metric" => Own with { Metric = 50 },
            "table" => Own with { Table = 100 },
            "other network" => Own with { Destination = IPNetwork.Parse("10.6.2.0/24") },
            _ => Own with { Destination = IPNetwork.Parse("10.4.0.0/15") },
        };

        Assert.False(IPv4.IsOurs(route, Eth0));
        Assert.Equal(isOnOurPlace, IPv4.IsOnOurPlace(route));
    }

    [NetnsFact]
    public async Task FindWay_OnARealHost_TellsWhoIsOnLink()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1, DualStack = true });
        LabHost host = lab.Hosts[0];
        await host.ExecAsync("ip", "route", "add", "prohibit", "172.16.0.0/12");
        using var kernel = new HostKernel(host.NamespaceName);
        using RouteNetlink netlink = kernel.OpenNetlink();
        int eth0 = host.Device("eth0").Index;

        Assert.True(IsOnLink("192.168.100.2", eth0));
        Assert.True(IsOnLink("fd00:100::2", eth0));
        Assert.False(IsOnLink("192.168.100.2", eth0 + 1));
        Assert.False(IsOnLink("192.168.100.1", eth0)); // our own
        Assert.False(IsOnLink("192.168.9.2", eth0)); // by the default route
        Assert.Null(PeerRoutes.FindWay(netlink, IPAddress.Parse("172.16.0.1")));
        Assert.False(IsOnLink("172.16.0.1", eth0));

        bool IsOnLink(string address, int link) => PeerRoutes.IsOnLink(PeerRoutes.FindWay(netlink, IPAddress.Parse(address)), link);
    }

    [NetnsFact]
    public async Task NewConflict_ForeignRoute_SaysWhatItIsAndHowToRemoveIt()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        RouteEntry foreign = Own with { LinkIndex = lab.Hosts[0].Device("eth0").Index, Protocol = RouteProtocol.Static };

        RouteConflictException conflict = PeerRoutes.NewConflict(lab.Hosts[0].Netlink, foreign);

        Assert.Equal("10.5.2.0/24", conflict.Destination);
        Assert.True(conflict.IsTransient);
        Assert.Contains("unicast via 192.168.100.2 dev eth0 protocol static", conflict.Message, StringComparison.Ordinal);
        Assert.Contains("ip route del 10.5.2.0/24", conflict.Message, StringComparison.Ordinal);
    }
}
