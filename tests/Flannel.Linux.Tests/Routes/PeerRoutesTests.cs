using System.Net;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Routes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Linux.Tests.Routes;

public sealed class PeerRoutesTests
{
    /// <summary>Routes that stand on a peer's place or beside it, and whether they are the network's.</summary>
    public static TheoryData<string, bool, bool> Variations => new()
    {
        { "as made", true, true },
        { "on-link, as ipip's direct routes are", true, true },
        { "through a VXLAN device", true, true },
        { "through a VXLAN device, other length", true, true },
        { "the whole network through a TUN device", true, true },
        { "protocol static", true, false },
        { "protocol bgp", true, false },
        { "protocol bgp through a VXLAN device", true, false },
        { "type", true, false },
        { "no gateway", true, false },
        { "gateway of the other family", true, false },
        { "source", true, false },
        { "other interface", true, false },
        { "other interface, through a peer's host to its subnet", true, true },
        { "other interface, through another gateway to a peer's subnet", true, false },
        { "other interface, through a peer's host to another subnet", true, false },
        { "other interface, protocol static, through a peer's host to its subnet", true, false },
        { "through a bridge with a name of flannel's", true, false },
        { "length", true, false },
        { "length of a known peer", true, true },
        { "length of a known peer, to another subnet", true, true },
        { "length of the own subnet, to another one", true, true },
        { "kernel", false, false },
        { "metric", false, false },
        { "table", false, false },
        { "other network", false, false },
        { "the network itself as part of a larger one", false, false },
    };

    [NetnsFact]
    public async Task IsOwn_EachVariation_IsTheNetworksOnlyIfThatIsProvable()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1, DualStack = true });
        LabHost host = lab.Hosts[0];
        foreach (string device in new[] { "flannel.7 type vxlan id 7 dstport 8472", "flannel.8 type bridge" })
            await host.ExecAsync("ip", ["link", "add", .. device.Split(' ')]);
        await host.ExecAsync("ip", "tuntap", "add", "mode", "tun", "name", "flannel5");
        using var kernel = new HostKernel(host.NamespaceName);
        using KernelContext ipv4 = NewContext(host, kernel, isIPv6: false);
        using KernelContext ipv6 = NewContext(host, kernel, isIPv6: true);
        int eth0 = host.Device("eth0").Index;
        (int vxlan, int bridge, int tun) = (host.Device("flannel.7").Index, host.Device("flannel.8").Index, host.Device("flannel5").Index);
        ipv4.Routes.AddPeer(IPNetwork.Parse("10.5.64.0/26"), IPAddress.Parse("192.168.100.64"));
        ipv4.Routes.OwnSubnet = IPNetwork.Parse("10.5.4.0/22");
        RouteEntry own = PeerRoutes.Make(IPNetwork.Parse("10.5.2.0/24"), IPAddress.Parse("192.168.100.2"), eth0);
        RouteEntry ofPeer = PeerRoutes.Make(IPNetwork.Parse("10.5.64.0/26"), IPAddress.Parse("192.168.100.64"), linkIndex: 1);
        RouteEntry ownIPv6 = PeerRoutes.Make(IPNetwork.Parse("fd00:5:0:2::/64"), IPAddress.Parse("fd00:100::2"), eth0);

        Assert.True(ipv6.Routes.IsOwn(ownIPv6));
        Assert.False(ipv4.Routes.IsOnPlace(ownIPv6));
        Assert.False(ipv6.Routes.IsOnPlace(own));
        foreach (object[] variation in Variations)
        {
            string difference = (string)variation[0];
            RouteEntry route = difference switch
            {
                "as made" => own,
                "on-link, as ipip's direct routes are" => own with { Flags = RouteFlags.OnLink },
                "through a VXLAN device" => own with { LinkIndex = vxlan, Gateway = own.Destination.BaseAddress, Flags = RouteFlags.OnLink },
                "through a VXLAN device, other length" => own with { LinkIndex = vxlan, Destination = IPNetwork.Parse("10.5.2.0/28") },
                "the whole network through a TUN device" => own with
                {
                    LinkIndex = tun,
                    Destination = IPNetwork.Parse("10.5.0.0/16"),
                    Gateway = null,
                },
                "protocol static" => own with { Protocol = RouteProtocol.Static },
                "protocol bgp" => own with { Protocol = (RouteProtocol)186 },
                "protocol bgp through a VXLAN device" => own with { Protocol = (RouteProtocol)186, LinkIndex = vxlan },
                "type" => own with { Type = RouteType.Blackhole },
                "no gateway" => own with { Gateway = null },
                "gateway of the other family" => own with { Gateway = IPAddress.Parse("fd00:100::2") },
                "source" => own with { PreferredSource = IPAddress.Parse("192.168.100.1") },
                "other interface" => own with { LinkIndex = 1 },
                "other interface, through a peer's host to its subnet" => ofPeer,
                "other interface, through another gateway to a peer's subnet" => ofPeer with { Gateway = own.Gateway },
                "other interface, through a peer's host to another subnet" => ofPeer with { Destination = own.Destination },
                "other interface, protocol static, through a peer's host to its subnet" => ofPeer with { Protocol = RouteProtocol.Static },
                "through a bridge with a name of flannel's" => own with { LinkIndex = bridge },
                "length" => own with { Destination = IPNetwork.Parse("10.5.2.0/25") },
                "length of a known peer" => own with { Destination = IPNetwork.Parse("10.5.64.0/26") },
                "length of a known peer, to another subnet" => own with { Destination = IPNetwork.Parse("10.5.2.0/26") },
                "length of the own subnet, to another one" => own with { Destination = IPNetwork.Parse("10.5.8.0/22") },
                "kernel" => own with { Protocol = RouteProtocol.Kernel },
                "metric" => own with { Metric = 50 },
                "table" => own with { Table = 100 },
                "other network" => own with { Destination = IPNetwork.Parse("10.6.2.0/24") },
                _ => own with { Destination = IPNetwork.Parse("10.4.0.0/15") },
            };

            Assert.True((bool)variation[1] == ipv4.Routes.IsOnPlace(route), $"{difference}: on the place of a peer's");
            Assert.True((bool)variation[2] == ipv4.Routes.IsOwn(route), $"{difference}: the network's own");
        }
    }

    [NetnsFact]
    public async Task Resolve_OnARealHost_TellsWhoIsOnLink()
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
        Assert.Null(PeerRoutes.Resolve(netlink, IPAddress.Parse("172.16.0.1")));
        Assert.False(IsOnLink("172.16.0.1", eth0));

        bool IsOnLink(string address, int link) => PeerRoutes.IsOnLink(PeerRoutes.Resolve(netlink, IPAddress.Parse(address)), link);
    }

    [NetnsFact]
    public async Task Write_PlaceTakenByAForeignRoute_SaysWhatItIsAndHowToRemoveIt()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        LabHost host = lab.Hosts[0];
        await host.ExecAsync("ip", "route", "add", "10.5.2.0/24", "via", "192.168.100.2", "proto", "static");
        using var kernel = new HostKernel(host.NamespaceName);
        using KernelContext context = NewContext(host, kernel, isIPv6: false);
        RouteEntry own = PeerRoutes.Make(IPNetwork.Parse("10.5.2.0/24"), IPAddress.Parse("192.168.100.3"), host.Device("eth0").Index);
        var failures = new Dictionary<string, Exception>();

        context.Routes.Write([KeyValuePair.Create("peer", own)], failures);

        var conflict = Assert.IsType<RouteConflictException>(failures["peer"]);
        Assert.Equal("10.5.2.0/24", conflict.Destination);
        Assert.True(conflict.IsTransient);
        Assert.Contains("unicast via 192.168.100.2 dev eth0 protocol static", conflict.Message, StringComparison.Ordinal);
        Assert.Contains("ip route del 10.5.2.0/24", conflict.Message, StringComparison.Ordinal);
    }

    private static KernelContext NewContext(LabHost host, HostKernel kernel, bool isIPv6)
    {
        NetworkFamily family = NetworkFamily.From(new()
        {
            NetworkName = "test",
            Config = NetworkConfig.Parse("""{"EnableIPv6":true,"Network":"10.5.0.0/16","IPv6Network":"fd00:5::/48","IPv6SubnetLen":64}""", "test"),
            ExternalInterface = host.External with { AddressIPv6 = host.AddressIPv6 ?? IPAddress.IPv6Loopback },
        })[isIPv6 ? 1 : 0];
        return new KernelContext(family, kernel, TimeProvider.System, NullLogger.Instance);
    }
}
