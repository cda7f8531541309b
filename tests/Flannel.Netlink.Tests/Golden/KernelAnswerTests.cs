using System.Net;
using System.Net.NetworkInformation;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Netlink.Tests.Golden;

/// <summary>What the kernel said to iproute2, read by us.</summary>
public class KernelAnswerTests
{
    private static readonly IReadOnlyDictionary<string, byte[]> Captured = GoldenFile.Load("kernel-answers");

    [Fact]
    public void Link_Vxlan_IsReadWhole()
    {
        Link link = Assert.Single(Read<Link>("link-show", LinkCodec.TryRead));

        Assert.Equal((4, "flannel.1", "vxlan", 1450, 0, 0), (link.Index, link.Name, link.Kind, link.Mtu, link.MasterIndex, link.TxQueueLength));
        Assert.Equal(PhysicalAddress.Parse("02-00-00-00-00-01"), link.Address);
        Assert.True(link.IsUp);
        Assert.Equal(LinkFlags.Up | LinkFlags.Broadcast | LinkFlags.Running | LinkFlags.Multicast | LinkFlags.LowerUp, link.Flags);
        Assert.Equal(
            new VxlanInfo { Id = 1, ParentIndex = 3, Local = IPAddress.Parse("192.0.2.1"), Port = 8472, UdpChecksum = true },
            link.Vxlan);
        Assert.NotNull(link.Statistics);
    }

    [Fact]
    public void Addresses_BothFamilies_AreRead()
    {
        List<InterfaceAddress> addresses = Read<InterfaceAddress>("addr-show", AddressCodec.TryRead);

        Assert.Equal(
            [("192.0.2.1", 24, RouteScope.Universe, AddressFlags.Permanent),
             ("2001:db8::1", 64, RouteScope.Universe, AddressFlags.Permanent | AddressFlags.NoDad),
             ("fe80::d099:f4ff:fe57:fecf", 64, RouteScope.Link, AddressFlags.Permanent | AddressFlags.Tentative)],
            addresses.Select(address => (address.Address.ToString(), address.PrefixLength, address.Scope, address.Flags)));
        Assert.All(addresses, address => Assert.Equal(3, address.LinkIndex));
        Assert.Equal("eth0", addresses[0].Label);
        Assert.True(addresses[2].IsTentative);
    }

    [Fact]
    public void Routes_OfEveryShape_AreRead()
    {
        List<RouteEntry> routes = Read<RouteEntry>("route-show", RouteCodec.TryRead);

        Assert.Equal(12, routes.Count);
        Assert.Equal(
            new RouteEntry
            {
                Destination = IPNetwork.Parse("10.250.0.0/16"),
                LinkIndex = 3,
                Table = 1000,
                Metric = 7,
                Protocol = RouteProtocol.Static,
                Scope = RouteScope.Link,
            },
            routes[0]);
        Assert.Equal(Route.Requests.Onlink, routes[1]);
        Assert.Equal((5u, "10.244.3.0", 4), (routes[2].NexthopId, routes[2].Gateway!.ToString(), routes[2].LinkIndex));
        Assert.Equal("2001:db8::2", routes[3].Gateway!.ToString());
        Assert.Equal(
            [
                new RouteHop { Gateway = IPAddress.Parse("192.0.2.3"), LinkIndex = 3, Weight = 1 },
                new RouteHop { Gateway = IPAddress.Parse("192.0.2.4"), LinkIndex = 3 },
            ],
            routes[4].Hops);
        Assert.Equal((RouteType.Broadcast, RouteEntry.LocalTable, RouteProtocol.Kernel), (routes[11].Type, routes[11].Table, routes[11].Protocol));
    }

    [Fact]
    public void Routes_Ipv6_AreRead()
    {
        List<RouteEntry> routes = Read<RouteEntry>("route-show6", RouteCodec.TryRead);

        RouteEntry route = Assert.Single(routes, route => route.Destination == IPNetwork.Parse("fd00:2::/64"));
        Assert.Equal(("fd00:2::", 4, 1024u, true), (route.Gateway!.ToString(), route.LinkIndex, route.Metric, route.IsOnLink));
    }

    [Fact]
    public void Route_Resolved_IsRead()
    {
        RouteEntry route = Assert.Single(Read<RouteEntry>("route-get", RouteCodec.TryRead));

        Assert.Equal(("10.244.2.7/32", "10.244.2.0", 4), (route.Destination.ToString(), route.Gateway!.ToString(), route.LinkIndex));
        Assert.Equal("10.244.1.0", route.PreferredSource!.ToString());
    }

    [Fact]
    public void Neighbours_Permanent_EqualWhatWasWritten()
    {
        List<Neighbour> neighbours = Read<Neighbour>("neigh-show", NeighbourCodec.TryRead);

        Assert.Contains(Route.Requests.Neighbour("10.244.2.0"), neighbours);
        Assert.Contains(Route.Requests.Neighbour("fd00:2::"), neighbours);
    }

    [Fact]
    public void Fdb_Permanent_IsRead()
    {
        FdbEntry entry = Assert.Single(Read<FdbEntry>("fdb-show", FdbCodec.TryRead));

        // iproute2 had asked for NUD_NOARP beside NUD_PERMANENT
        Assert.Equal(Route.Requests.Fdb() with { State = NeighbourState.Permanent | NeighbourState.NoArp }, entry);
    }

    [Fact]
    public void Nexthop_OnLink_EqualsWhatWasWritten() =>
        Assert.Equal(Route.Requests.Object, Assert.Single(Read<Nexthop>("nexthop-show", NexthopCodec.TryRead)));

    [Fact]
    public void Error_WithExtendedAcknowledgement_GivesTheKernelsText()
    {
        var messages = new NetlinkMessageReader(Captured["route-err"]);
        Assert.True(messages.MoveNext());

        KernelError error = KernelError.Read(messages.Current);

        Assert.Equal(new KernelError(101, "Nexthop has invalid gateway", null), error);
    }

    private static List<T> Read<T>(string name, NetlinkMessageParser<T> parser)
    {
        var items = new List<T>();
        var messages = new NetlinkMessageReader(Captured[name]);
        while (messages.MoveNext() && messages.Current.Type != LinuxNetlink.NLMSG_DONE)
        {
            Assert.True(parser(messages.Current, out T? item));
            items.Add(item);
        }

        messages.EnsureValid();
        return items;
    }
}
