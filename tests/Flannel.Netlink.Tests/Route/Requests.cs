using System.Net;
using System.Net.NetworkInformation;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;
using static Flannel.Netlink.Interop.LinuxNetlink;
using static Flannel.Netlink.Interop.LinuxRtnetlink;

namespace Flannel.Netlink.Tests.Route;

/// <summary>One request of every kind, under the names of the captured frames where there is one.</summary>
internal static class Requests
{
    internal const int Eth0 = 3;
    internal const int Flannel1 = 4;

    internal static readonly PhysicalAddress Mac1 = PhysicalAddress.Parse("02-00-00-00-00-01");
    internal static readonly PhysicalAddress Mac2 = PhysicalAddress.Parse("02-00-00-00-00-02");

    private delegate int Encoder(Span<byte> buffer);

    private static readonly Dictionary<string, Encoder> Encoders = new()
    {
        ["link-add-vxlan"] = b => LinkCodec.WriteCreate(b, new VxlanLinkSpec("flannel.1")
        {
            Id = 1,
            Mtu = 1450,
            Address = Mac1,
            ParentIndex = Eth0,
            Local = IPAddress.Parse("192.0.2.1"),
            Port = 8472,
        }),
        ["link-add-vxlan6"] = b => LinkCodec.WriteCreate(b, new VxlanLinkSpec("flannel-v6.1")
        {
            Id = 1,
            ParentIndex = Eth0,
            Local = IPAddress.Parse("2001:db8::1"),
            Port = 8472,
            Gbp = true,
        }),
        ["link-add-vxlan-minimal"] = b => LinkCodec.WriteCreate(b, new VxlanLinkSpec("vx") { Id = 0xFFFFFF, Learning = true, Ttl = 64, Tos = 1 }),
        ["link-add-veth"] = b => LinkCodec.WriteCreate(b, new VethLinkSpec("v0", "v1") { Mtu = 1400 }),
        ["link-add-veth-peer"] = b => LinkCodec.WriteCreate(b, new VethLinkSpec("v0", "v1")
        {
            Address = Mac1,
            PeerAddress = Mac2,
            PeerMtu = 1300,
            IsUp = true,
        }),
        ["link-add-bridge"] = b => LinkCodec.WriteCreate(b, new BridgeLinkSpec("br0")),
        ["link-add-dummy"] = b => LinkCodec.WriteCreate(b, new DummyLinkSpec("dum0") { TxQueueLength = 10, MasterIndex = 8 }),
        ["link-set-up"] = b => LinkCodec.WriteChange(b, Flannel1, new LinkChange { IsUp = true }),
        ["link-set-down"] = b => LinkCodec.WriteChange(b, Flannel1, new LinkChange { IsUp = false }),
        ["link-set-mtu"] = b => LinkCodec.WriteChange(b, 7, new LinkChange { Mtu = 1300 }),
        ["link-set-master"] = b => LinkCodec.WriteChange(b, 7, new LinkChange { MasterIndex = 8 }),
        ["link-set-addrgen"] = b => LinkCodec.WriteChange(b, 6, new LinkChange { IPv6AddressGeneration = IPv6AddressGeneration.None }),
        ["link-set-name-mac"] = b => LinkCodec.WriteChange(b, 6, new LinkChange { Name = "eth9", Address = Mac1, TxQueueLength = 5 }),
        ["link-set-vxlan"] = b => LinkCodec.WriteChange(b, 6, new LinkChange { VxlanLearning = false, VxlanLocal = IPAddress.Parse("192.0.2.9") }),
        ["link-del"] = b => LinkCodec.WriteDelete(b, 8),
        ["link-show"] = b => LinkCodec.WriteFind(b, "flannel.1"),
        ["link-find-index"] = b => LinkCodec.WriteFind(b, Flannel1),
        ["link-dump"] = LinkCodec.WriteDumpRequest,
        ["addr-add"] = b => AddressCodec.Write(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, Address4),
        ["addr-add6"] = b => AddressCodec.Write(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, new InterfaceAddress
        {
            LinkIndex = Flannel1,
            Address = IPAddress.Parse("fd00:1::"),
            PrefixLength = 128,
            Flags = AddressFlags.NoDad,
        }),
        ["addr-add-all"] = b => AddressCodec.Write(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, new InterfaceAddress
        {
            LinkIndex = Flannel1,
            Address = IPAddress.Parse("10.0.0.1"),
            PrefixLength = 30,
            Peer = IPAddress.Parse("10.0.0.2"),
            Broadcast = IPAddress.Parse("10.0.0.3"),
            Label = "flannel.1:a",
            Scope = RouteScope.Link,
            Flags = AddressFlags.NoPrefixRoute,
        }),
        ["addr-replace"] = b => AddressCodec.Write(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, Address4),
        ["addr-del"] = b => AddressCodec.Write(b, RTM_DELADDR, 0, Address4),
        ["addr-show"] = b => AddressCodec.WriteDumpRequest(b, Libc.AF_UNSPEC, Eth0),
        ["neigh-replace"] = b => NeighbourCodec.WriteNew(b, NLM_F_CREATE | NLM_F_REPLACE, Neighbour("10.244.2.0")),
        ["neigh-replace6"] = b => NeighbourCodec.WriteNew(b, NLM_F_CREATE | NLM_F_REPLACE, Neighbour("fd00:2::")),
        ["neigh-del"] = b => NeighbourCodec.WriteDelete(b, Neighbour("10.244.2.0")),
        ["neigh-show"] = b => NeighbourCodec.WriteDumpRequest(b, Libc.AF_UNSPEC, Flannel1),
        ["fdb-replace"] = b => FdbCodec.Write(b, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, Fdb()),
        ["fdb-replace-port"] = b => FdbCodec.Write(b, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, Fdb() with { Port = 4789, Vni = 7 }),
        ["fdb-del"] = b => FdbCodec.Write(b, RTM_DELNEIGH, 0, Fdb()),
        ["fdb-show"] = b => FdbCodec.WriteDumpRequest(b, Flannel1),
        ["route-replace"] = b => RouteCodec.WriteNew(b, NLM_F_CREATE | NLM_F_REPLACE, Onlink),
        ["route-add6"] = b => RouteCodec.WriteNew(b, NLM_F_CREATE | NLM_F_EXCL, new RouteEntry
        {
            Destination = IPNetwork.Parse("fd00:2::/64"),
            Gateway = IPAddress.Parse("fd00:2::"),
            LinkIndex = Flannel1,
            Flags = RouteFlags.OnLink,
        }),
        ["route-add-default"] = b => RouteCodec.WriteNew(b, NLM_F_CREATE | NLM_F_EXCL, new RouteEntry
        {
            Destination = IPNetwork.Parse("0.0.0.0/0"),
            Gateway = IPAddress.Parse("192.0.2.254"),
            PreferredSource = IPAddress.Parse("192.0.2.1"),
        }),
        ["route-add-nhid"] = b => RouteCodec.WriteNew(b, NLM_F_CREATE | NLM_F_EXCL, new RouteEntry
        {
            Destination = IPNetwork.Parse("10.244.3.0/24"),
            NexthopId = 5,
        }),
        ["route-add-metric"] = b => RouteCodec.WriteNew(b, NLM_F_CREATE | NLM_F_EXCL, new RouteEntry
        {
            Destination = IPNetwork.Parse("10.250.0.0/16"),
            LinkIndex = Eth0,
            Metric = 7,
            Table = 1000,
            Protocol = RouteProtocol.Static,
            Scope = RouteScope.Link,
        }),
        ["route-add-via6"] = b => RouteCodec.WriteNew(b, NLM_F_CREATE | NLM_F_EXCL, new RouteEntry
        {
            Destination = IPNetwork.Parse("10.251.0.0/16"),
            Gateway = IPAddress.Parse("2001:db8::2"),
            LinkIndex = Eth0,
        }),
        ["route-add-multi"] = b => RouteCodec.WriteNew(b, NLM_F_CREATE | NLM_F_EXCL, new RouteEntry
        {
            Destination = IPNetwork.Parse("10.252.0.0/16"),
            Hops =
            [
                new RouteHop { Gateway = IPAddress.Parse("192.0.2.3"), LinkIndex = Eth0, Weight = 1 },
                new RouteHop { Gateway = IPAddress.Parse("192.0.2.4"), LinkIndex = Eth0 },
            ],
        }),
        ["route-del"] = b => RouteCodec.WriteDelete(b, Onlink with { Protocol = RouteProtocol.Unspecified, Type = RouteType.Unspecified }),
        ["route-get"] = b => RouteCodec.WriteResolve(b, IPAddress.Parse("10.244.2.7"), 0, null),
        ["route-get-from"] = b => RouteCodec.WriteResolve(b, IPAddress.Parse("fd00::7"), Eth0, IPAddress.Parse("fd00::1")),
        ["route-show"] = b => RouteCodec.WriteDumpRequest(b, Libc.AF_INET, default),
        ["route-show6"] = b => RouteCodec.WriteDumpRequest(b, Libc.AF_INET6, new RouteFilter { Table = RouteEntry.MainTable }),
        ["route-dump-filtered"] = b => RouteCodec.WriteDumpRequest(b, Libc.AF_INET, new RouteFilter
        {
            LinkIndex = Flannel1,
            Protocol = RouteProtocol.Static,
            Type = RouteType.Unicast,
        }),
        ["nexthop-replace"] = b => NexthopCodec.WriteNew(b, NLM_F_CREATE | NLM_F_REPLACE, Object),
        ["nexthop-add-device6"] = b => NexthopCodec.WriteNew(b, NLM_F_CREATE | NLM_F_EXCL, new Nexthop
        {
            Id = 6,
            LinkIndex = Flannel1,
            Family = System.Net.Sockets.AddressFamily.InterNetworkV6,
        }),
        ["nexthop-add-blackhole"] = b => NexthopCodec.WriteNew(b, NLM_F_CREATE | NLM_F_EXCL, new Nexthop { Id = 7, IsBlackhole = true }),
        ["nexthop-del"] = b => NexthopCodec.WriteDelete(b, 5),
        ["nexthop-show"] = b => NexthopCodec.WriteDumpRequest(b, Libc.AF_UNSPEC, Flannel1),
    };

    internal static RouteEntry Onlink => new()
    {
        Destination = IPNetwork.Parse("10.244.2.0/24"),
        Gateway = IPAddress.Parse("10.244.2.0"),
        LinkIndex = Flannel1,
        Flags = RouteFlags.OnLink,
    };

    internal static Nexthop Object => new()
    {
        Id = 5,
        Gateway = IPAddress.Parse("10.244.3.0"),
        LinkIndex = Flannel1,
        Flags = RouteFlags.OnLink,
    };

    private static InterfaceAddress Address4 => new() { LinkIndex = Flannel1, Address = IPAddress.Parse("10.244.1.0"), PrefixLength = 32 };

    internal static IEnumerable<string> Names => Encoders.Keys;

    internal static byte[] Encode(string name)
    {
        var buffer = new byte[2048];
        buffer.AsSpan().Fill(0xEE); // whatever is not written shows
        return buffer[..Encoders[name](buffer)];
    }

    internal static Neighbour Neighbour(string destination) =>
        new() { LinkIndex = Flannel1, Destination = IPAddress.Parse(destination), Address = Mac2 };

    internal static FdbEntry Fdb() => new() { LinkIndex = Flannel1, Address = Mac2, Destination = IPAddress.Parse("192.0.2.2") };
}
