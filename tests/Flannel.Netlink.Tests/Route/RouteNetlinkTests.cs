using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;
using Flannel.Netlink.Tests.Kernel;

namespace Flannel.Netlink.Tests.Route;

public class RouteNetlinkTests
{
    [SkippableFact]
    public void Addresses_AddReplaceDelete_ShowInTheList() => Lab.Run(lab =>
    {
        var address = new InterfaceAddress { LinkIndex = lab.Vxlan.Index, Address = IPAddress.Parse("10.244.1.0"), PrefixLength = 32 };

        lab.Netlink.AddAddress(address);
        Assert.True(Assert.Throws<NetlinkException>(() => lab.Netlink.AddAddress(address)).IsAlreadyExists);
        lab.Netlink.ReplaceAddress(address);

        InterfaceAddress read = Assert.Single(lab.Netlink.GetAddresses(AddressFamily.InterNetwork, lab.Vxlan.Index));
        Assert.Equal(address with { Flags = AddressFlags.Permanent, Label = "flannel.1" }, read);
        Assert.Single(lab.Netlink.GetAddresses(AddressFamily.InterNetwork, lab.Uplink.Index));
        Assert.True(lab.Netlink.DeleteAddress(address));
        Assert.False(lab.Netlink.DeleteAddress(address));
        Assert.Empty(lab.Netlink.GetAddresses(AddressFamily.InterNetwork, lab.Vxlan.Index));
    });

    [SkippableFact]
    public void Addresses_IPv6WithoutDuplicateDetection_WorkAtOnce() => Lab.Run(lab =>
    {
        lab.Netlink.AddAddress(new InterfaceAddress
        {
            LinkIndex = lab.Vxlan.Index,
            Address = IPAddress.Parse("fd00:1::"),
            PrefixLength = 128,
            Flags = AddressFlags.NoDad,
        });

        InterfaceAddress read = lab.Netlink.GetAddresses(AddressFamily.InterNetworkV6, lab.Vxlan.Index).Single(a => a.Scope == RouteScope.Universe);
        Assert.True(read.IsPermanent);
        Assert.False(read.IsTentative || read.IsDeprecated || read.IsTemporary);
    });

    [SkippableFact]
    public void Lists_OfADeviceThatDoesNotExist_AreEmpty() => Lab.Run(lab =>
    {
        Assert.Empty(lab.Netlink.GetAddresses(linkIndex: 4711));
        Assert.Empty(lab.Netlink.GetRoutes(filter: new RouteFilter { LinkIndex = 4711 }));
        Assert.Empty(lab.Netlink.GetRoutes(filter: new RouteFilter { Table = 4711 }));
        Assert.Empty(lab.Netlink.GetNeighbours(linkIndex: 4711));
        Assert.Empty(lab.Netlink.GetFdb(4711));
        Assert.Empty(lab.Netlink.GetNexthops(4711));
    });

    [SkippableFact]
    public void Routes_AddReplaceDelete_ShowInTheList() => Lab.Run(lab =>
    {
        RouteEntry route = lab.OnLinkRoute(1);
        var filter = new RouteFilter { LinkIndex = lab.Vxlan.Index, Table = RouteEntry.MainTable };

        lab.Netlink.AddRoute(route);
        Assert.True(Assert.Throws<NetlinkException>(() => lab.Netlink.AddRoute(route)).IsAlreadyExists);
        Assert.Equal([route], lab.Netlink.GetRoutes(AddressFamily.InterNetwork, filter));

        RouteEntry other = route with { Gateway = IPAddress.Parse("10.9.9.9") };
        lab.Netlink.ReplaceRoute(other);
        Assert.Equal([other], lab.Netlink.GetRoutes(AddressFamily.InterNetwork, filter));

        Assert.False(lab.Netlink.DeleteRoute(route));
        Assert.True(lab.Netlink.DeleteRoute(other));
        Assert.Empty(lab.Netlink.GetRoutes(AddressFamily.InterNetwork, filter));
    });

    [SkippableFact]
    public void Routes_Ipv6_AddAndDelete() => Lab.Run(lab =>
    {
        var route = new RouteEntry
        {
            Destination = IPNetwork.Parse("fd00:2::/64"),
            Gateway = IPAddress.Parse("fd00:2::"),
            LinkIndex = lab.Vxlan.Index,
            Flags = RouteFlags.OnLink,
            Metric = 1024,
        };
        lab.Netlink.ReplaceRoute(route);
        lab.Netlink.ReplaceRoute(route);

        var filter = new RouteFilter { LinkIndex = lab.Vxlan.Index, Protocol = RouteProtocol.Boot };
        Assert.Equal([route], lab.Netlink.GetRoutes(AddressFamily.InterNetworkV6, filter));
        Assert.True(lab.Netlink.DeleteRoute(route));
        Assert.False(lab.Netlink.DeleteRoute(route));
    });

    [SkippableFact]
    public void Routes_FilterByTableProtocolAndType_GivesOnlyThose() => Lab.Run(lab =>
    {
        lab.Netlink.AddRoute(lab.OnLinkRoute(1) with { Table = 1000 });
        lab.Netlink.AddRoute(lab.OnLinkRoute(2) with { Protocol = RouteProtocol.Static });
        lab.Netlink.AddRoute(new RouteEntry { Destination = Lab.Subnet(3), Type = RouteType.Blackhole });

        Assert.Equal(Lab.Subnet(1), Assert.Single(lab.Netlink.GetRoutes(filter: new RouteFilter { Table = 1000 })).Destination);
        Assert.Equal(Lab.Subnet(2), Assert.Single(lab.Netlink.GetRoutes(filter: new RouteFilter { Protocol = RouteProtocol.Static })).Destination);
        Assert.Equal(Lab.Subnet(3), Assert.Single(lab.Netlink.GetRoutes(filter: new RouteFilter { Type = RouteType.Blackhole })).Destination);
        Assert.Contains(lab.Netlink.GetRoutes(), route => route.Table == RouteEntry.LocalTable);
    });

    [SkippableFact]
    public void Routes_WithSeveralHops_ComeBackTheSame() => Lab.Run(lab =>
    {
        RouteHop[] hops =
        [
            new() { Gateway = IPAddress.Parse("192.0.2.3"), LinkIndex = lab.Uplink.Index, Weight = 1 },
            new() { Gateway = IPAddress.Parse("192.0.2.4"), LinkIndex = lab.Uplink.Index },
        ];
        lab.Netlink.AddRoute(new RouteEntry { Destination = Lab.Subnet(1), Hops = hops });

        var filter = new RouteFilter { LinkIndex = lab.Uplink.Index, Protocol = RouteProtocol.Boot };
        RouteEntry read = Assert.Single(lab.Netlink.GetRoutes(AddressFamily.InterNetwork, filter));
        Assert.Equal(hops, read.Hops);
    });

    [SkippableFact]
    public void AddRoute_GatewayOutOfReach_ThrowsWithTheKernelsText() => Lab.Run(lab =>
    {
        NetlinkException error = Assert.Throws<NetlinkException>(
            () => lab.Netlink.AddRoute(lab.OnLinkRoute(2) with { Flags = RouteFlags.None }));

        Assert.Equal("RTM_NEWROUTE 11.0.2.0/24 via 11.0.2.0 dev flannel.1: ENETUNREACH (Nexthop has invalid gateway)", error.Message);
        Assert.Equal(("ENETUNREACH", 101, "Nexthop has invalid gateway"), (error.ErrorName, error.Errno, error.KernelMessage));
        Assert.False(error.IsNotFound || error.IsAlreadyExists || error.IsPermissionDenied || error.IsTransient);
    });

    [SkippableFact]
    public void ReplaceNexthop_Refused_TellsTheAttribute() => Lab.Run(lab =>
    {
        NetlinkException error = Assert.Throws<NetlinkException>(
            () => lab.Netlink.AddRoute(new RouteEntry { Destination = Lab.Subnet(1), NexthopId = 5, LinkIndex = lab.Vxlan.Index }));

        Assert.NotNull(error.KernelMessage);
        Assert.Equal("EINVAL", error.ErrorName);
    });

    [SkippableFact]
    public void ResolveRoute_ThroughGatewayOnLinkAndNowhere_SaysWhich() => Lab.Run(lab =>
    {
        lab.Netlink.AddRoute(lab.OnLinkRoute(2));

        RouteEntry direct = lab.Netlink.ResolveRoute(IPAddress.Parse("192.0.2.77"))!;
        RouteEntry overlay = lab.Netlink.ResolveRoute(IPAddress.Parse("11.0.2.77"))!;

        Assert.Null(direct.Gateway);
        Assert.Equal((lab.Uplink.Index, "192.0.2.1"), (direct.LinkIndex, direct.PreferredSource!.ToString()));
        Assert.Equal((lab.Vxlan.Index, "11.0.2.0", RouteEntry.MainTable), (overlay.LinkIndex, overlay.Gateway!.ToString(), overlay.Table));
        Assert.Equal("11.0.2.77/32", overlay.Destination.ToString());
        Assert.Null(lab.Netlink.ResolveRoute(IPAddress.Parse("203.0.113.1")));
        Assert.Null(lab.Netlink.ResolveRoute(IPAddress.Parse("3fff::1")));
        Assert.Equal(lab.Uplink.Index, lab.Netlink.ResolveRoute(IPAddress.Parse("2001:db8::5"))!.LinkIndex);
        Assert.Equal(RouteType.Local, lab.Netlink.ResolveRoute(IPAddress.Parse("192.0.2.1"))!.Type);
    });

    [SkippableFact]
    public void Nexthops_AddReplaceDelete_ShowInTheListAndCarryRoutes() => Lab.Run(lab =>
    {
        Nexthop nexthop = lab.Nexthop(1);
        lab.Netlink.AddNexthop(nexthop);
        Assert.True(Assert.Throws<NetlinkException>(() => lab.Netlink.AddNexthop(nexthop)).IsAlreadyExists);
        lab.Netlink.AddRoute(Lab.NexthopRoute(1));

        Assert.Equal([nexthop], lab.Netlink.GetNexthops());
        Assert.Equal([nexthop], lab.Netlink.GetNexthops(lab.Vxlan.Index));
        Assert.Empty(lab.Netlink.GetNexthops(lab.Uplink.Index));
        var filter = new RouteFilter { LinkIndex = lab.Vxlan.Index, Table = RouteEntry.MainTable };
        RouteEntry route = Assert.Single(lab.Netlink.GetRoutes(AddressFamily.InterNetwork, filter));
        Assert.Equal((2u, nexthop.Gateway), (route.NexthopId, route.Gateway));

        lab.Netlink.ReplaceNexthop(nexthop with { Gateway = IPAddress.Parse("10.9.9.9") });
        Assert.Equal("10.9.9.9", lab.Netlink.ResolveRoute(IPAddress.Parse("11.0.1.5"))!.Gateway!.ToString());

        Assert.True(lab.Netlink.DeleteNexthop(2));
        Assert.False(lab.Netlink.DeleteNexthop(2));
        Assert.Null(lab.Netlink.ResolveRoute(IPAddress.Parse("11.0.1.5")));
    });

    [SkippableFact]
    public void Nexthops_IPv6DeviceAndBlackhole_ComeBackTheSame() => Lab.Run(lab =>
    {
        Nexthop[] nexthops =
        [
            new() { Id = 1, LinkIndex = lab.Vxlan.Index, Family = AddressFamily.InterNetworkV6 },
            new() { Id = 2, IsBlackhole = true },
            new() { Id = 3, LinkIndex = lab.Uplink.Index, Gateway = IPAddress.Parse("2001:db8::2"), Protocol = RouteProtocol.Static },
        ];
        foreach (Nexthop nexthop in nexthops)
            lab.Netlink.ReplaceNexthop(nexthop);

        Assert.Equal(nexthops, lab.Netlink.GetNexthops().Select(n => n with { LinkIndex = n.IsBlackhole ? 0 : n.LinkIndex }));
    });

    [SkippableFact]
    public void Neighbours_ReplaceAndDelete_ShowInTheList() => Lab.Run(lab =>
    {
        Neighbour first = lab.Neighbour(1);
        Neighbour second = new() { LinkIndex = lab.Vxlan.Index, Destination = IPAddress.Parse("fd00:2::"), Address = first.Address };
        lab.Netlink.ReplaceNeighbour(first);
        lab.Netlink.ReplaceNeighbour(first with { Address = PhysicalAddress.Parse("02-00-00-00-99-99") });
        lab.Netlink.ReplaceNeighbour(second);

        Assert.Equal(
            [first with { Address = PhysicalAddress.Parse("02-00-00-00-99-99") }],
            lab.Netlink.GetNeighbours(AddressFamily.InterNetwork, lab.Vxlan.Index));
        Assert.Contains(second, lab.Netlink.GetNeighbours(linkIndex: lab.Vxlan.Index));
        Assert.DoesNotContain(lab.Netlink.GetNeighbours(linkIndex: lab.Uplink.Index), n => n.LinkIndex != lab.Uplink.Index);
        Assert.True(lab.Netlink.DeleteNeighbour(first));
        Assert.Empty(lab.Netlink.GetNeighbours(AddressFamily.InterNetwork, lab.Vxlan.Index));
        Assert.False(lab.Netlink.DeleteNeighbour(new Neighbour { LinkIndex = 4711, Destination = first.Destination }));
    });

    [SkippableFact]
    public void Fdb_ReplaceAndDelete_ShowInTheList() => Lab.Run(lab =>
    {
        FdbEntry entry = lab.Fdb(1);
        lab.Netlink.ReplaceFdb(entry);
        Assert.Equal([entry], lab.Netlink.GetFdb(lab.Vxlan.Index));

        FdbEntry moved = entry with { Destination = IPAddress.Parse("192.0.2.99") };
        lab.Netlink.ReplaceFdb(moved);
        Assert.Equal([moved], lab.Netlink.GetFdb(lab.Vxlan.Index));
        Assert.Contains(moved, lab.Netlink.GetFdb());

        lab.Netlink.DeleteFdb(entry);
        Assert.Equal([moved], lab.Netlink.GetFdb(lab.Vxlan.Index));
        Assert.True(lab.Netlink.DeleteFdb(moved with { Destination = null }));
        Assert.False(lab.Netlink.DeleteFdb(moved));
        Assert.Empty(lab.Netlink.GetFdb(lab.Vxlan.Index));
    });

    [SkippableFact]
    public void Fdb_PortAndVniOfTheirOwn_ComeBack() => Lab.Run(lab =>
    {
        FdbEntry entry = lab.Fdb(1) with { Port = 4789, Vni = 77 };
        lab.Netlink.ReplaceFdb(entry);

        Assert.Equal([entry], lab.Netlink.GetFdb(lab.Vxlan.Index));
    });

    [SkippableFact]
    public void Client_OpenedInOneNamespace_StaysThereFromAnyThread() => Lab.Run(lab =>
    {
        bool seen = Task.Run(() => lab.Netlink.FindLink("flannel.1") is not null).GetAwaiter().GetResult();

        Assert.True(seen);
    });

    [SkippableFact]
    public void Client_ManyThreads_GetTheirOwnAnswers() => Lab.Run(lab =>
    {
        Parallel.For(0, 400, i =>
        {
            lab.Netlink.ReplaceNeighbour(lab.Neighbour(i));
            Assert.Equal(lab.Vxlan.Index, lab.Netlink.FindLink("flannel.1")!.Index);
            Assert.Null(lab.Netlink.FindLink("nosuch0"));
            Assert.NotEmpty(lab.Netlink.GetAddresses(linkIndex: lab.Uplink.Index));
        });

        lab.AwaitNeighbours(Enumerable.Range(0, 400));
    });

    [SkippableFact]
    public void Client_Disposed_ThrowsObjectDisposed() => IsolatedNamespace.Run(() =>
    {
        RouteNetlink netlink = RouteNetlink.Open();
        netlink.Dispose();
        netlink.Dispose();

        Assert.Throws<ObjectDisposedException>(() => netlink.GetLinks());
    });

    [SkippableFact]
    public void Lists_FiveThousandOfEach_AreWhole() => Lab.Run(lab =>
    {
        const int Count = 5000;
        var batch = new RouteBatch();
        for (int i = 0; i < Count; i++)
        {
            batch.ReplaceNeighbour(lab.Neighbour(i));
            batch.ReplaceFdb(lab.Fdb(i));
            batch.ReplaceNexthop(lab.Nexthop(i));
            batch.ReplaceRoute(Lab.NexthopRoute(i));
        }

        Assert.Empty(lab.Netlink.Execute(batch));

        IEnumerable<int> all = Enumerable.Range(0, Count);
        var filter = new RouteFilter { LinkIndex = lab.Vxlan.Index, Protocol = RouteProtocol.Boot };
        lab.AwaitNeighbours(all);
        Assert.Equal(all.Select(lab.Fdb).ToHashSet(), [.. lab.Netlink.GetFdb(lab.Vxlan.Index)]);
        Assert.Equal(all.Select(lab.Nexthop), lab.Netlink.GetNexthops(lab.Vxlan.Index));
        Assert.Equal(all.Select(Lab.Subnet), lab.Netlink.GetRoutes(AddressFamily.InterNetwork, filter).Select(route => route.Destination));
    });
}
