using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Routes;
using Flannel.Netlink.Tests.Kernel;
using Xunit.Abstractions;

namespace Flannel.Netlink.Tests.Route;

public class RouteBatchTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(10_000)]
    public void Capacity_IsRoomAndNothingElse(int capacity)
    {
        RouteBatch roomy = new(capacity), batch = new();
        for (int number = 0; number < 1000; number++)
        {
            var route = new RouteEntry { Destination = new IPNetwork(new IPAddress(number << 16), 24), Gateway = IPAddress.Loopback, LinkIndex = 2 };
            Assert.Equal(batch.AddRoute(route), roomy.AddRoute(route));
        }

        Assert.True(batch.Messages.SequenceEqual(roomy.Messages));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void Capacity_ThatCannotBe_IsRefused(int capacity) => Assert.Throws<ArgumentOutOfRangeException>(() => new RouteBatch(capacity));

    [SkippableFact]
    public void Execute_EveryKindOfRequest_DoesWhatTheSingleOnesDo() => Lab.Run(lab =>
    {
        var address = new InterfaceAddress { LinkIndex = lab.Vxlan.Index, Address = IPAddress.Parse("10.244.1.0"), PrefixLength = 32 };
        var batch = new RouteBatch();
        batch.ReplaceAddress(address);
        batch.ReplaceNeighbour(lab.Neighbour(1));
        batch.ReplaceFdb(lab.Fdb(1));
        batch.AddNexthop(lab.Nexthop(1));
        batch.ReplaceNexthop(lab.Nexthop(1));
        batch.AddRoute(Lab.NexthopRoute(1));
        Assert.Equal(6, batch.ReplaceRoute(lab.OnLinkRoute(2)));
        Assert.Equal(7, batch.Count);

        Assert.Empty(lab.Netlink.Execute(batch));

        Assert.Equal(Counts(1, 1, 1, 1, 2), CountAll(lab));

        batch.Clear();
        batch.DeleteRoute(lab.OnLinkRoute(2));
        batch.DeleteRoute(Lab.NexthopRoute(1));
        batch.DeleteNexthop(lab.Nexthop(1).Id);
        batch.DeleteFdb(lab.Fdb(1));
        batch.DeleteNeighbour(lab.Neighbour(1));
        batch.DeleteAddress(address);

        Assert.Empty(lab.Netlink.Execute(batch));
        Assert.Equal(Counts(0, 0, 0, 0, 0), CountAll(lab));
        Assert.Empty(lab.Netlink.Execute(batch)); // a deletion that finds nothing is no error
    });

    [SkippableFact]
    public void Execute_Empty_DoesNothing() => IsolatedNamespace.Run(() =>
    {
        using RouteNetlink netlink = RouteNetlink.Open();

        Assert.Empty(netlink.Execute(new RouteBatch()));
    });

    [SkippableTheory]
    [InlineData(4 * 1024 * 1024)]
    [InlineData(64 * 1024)] // few refusals fit, so chunks are short
    public void Execute_SomeRefused_ReportsExactlyThoseAndDoesTheRest(int receiveBufferSize) => Lab.Run(lab =>
    {
        const int Count = 3000;
        using RouteNetlink netlink = RouteNetlink.Open(new NetlinkSocketOptions { ReceiveBufferSize = receiveBufferSize });
        var batch = new RouteBatch();
        for (int i = 0; i < Count; i++)
        {
            if (i % 7 == 3)
                batch.ReplaceRoute(lab.OnLinkRoute(i) with { Flags = RouteFlags.None }); // the gateway is out of reach
            else if (i % 1000 == 999)
                batch.ReplaceNeighbour(lab.Neighbour(i) with { LinkIndex = 4711 });
            else
                batch.ReplaceNeighbour(lab.Neighbour(i));
        }

        IReadOnlyDictionary<int, NetlinkException> refused = netlink.Execute(batch);

        Assert.Equal(Enumerable.Range(0, Count).Where(i => i % 7 == 3 || i % 1000 == 999), refused.Keys.Order());
        Assert.Equal("RTM_NEWROUTE 11.0.3.0/24 via 11.0.3.0 dev flannel.1: ENETUNREACH (Nexthop has invalid gateway)", refused[3].Message);
        Assert.StartsWith("RTM_NEWNEIGH 11.3.231.0 lladdr 02:00:00:00:03:e7 dev #4711: ENODEV", refused[999].Message, StringComparison.Ordinal);
        lab.AwaitNeighbours(Enumerable.Range(0, Count).Where(i => !refused.ContainsKey(i)));
    });

    [SkippableFact]
    public void Execute_AllRefused_LosesNoAnswer() => Lab.Run(lab =>
    {
        var batch = new RouteBatch();
        for (int i = 0; i < 5000; i++)
            batch.ReplaceRoute(lab.OnLinkRoute(i) with { Flags = RouteFlags.None });

        IReadOnlyDictionary<int, NetlinkException> refused = lab.Netlink.Execute(batch);

        Assert.Equal(5000, refused.Count);
        Assert.All(refused, refusal =>
        {
            IPNetwork subnet = Lab.Subnet(refusal.Key);
            Assert.Equal($"RTM_NEWROUTE {subnet} via {subnet.BaseAddress} dev flannel.1", refusal.Value.Operation);
            Assert.Equal("ENETUNREACH", refusal.Value.ErrorName);
        });
    });

    [SkippableFact]
    public void Execute_LaterRequestNeedsEarlierOne_OrderIsKept() => Lab.Run(lab =>
    {
        var batch = new RouteBatch();
        for (int i = 0; i < 2000; i++)
        {
            int route = batch.AddRoute(Lab.NexthopRoute(i));
            batch.AddNexthop(lab.Nexthop(i));
            Assert.Equal(i * 2, route);
        }

        // Every route comes before the nexthop it names, so every one of them is refused.
        Assert.Equal(Enumerable.Range(0, 2000).Select(i => i * 2), lab.Netlink.Execute(batch).Keys.Order());
    });

    [SkippableFact]
    public void Execute_WithoutPrivilege_NamesTheCapability() => Lab.Run(lab =>
    {
        var batch = new RouteBatch();
        for (int i = 0; i < 10; i++)
            batch.ReplaceNeighbour(lab.Neighbour(i));

        IReadOnlyDictionary<int, NetlinkException> refused = Capabilities.WithoutNetAdmin(() => lab.Netlink.Execute(batch));
        NetlinkException single = Assert.Throws<NetlinkException>(() => Capabilities.WithoutNetAdmin(() =>
        {
            lab.Netlink.DeleteLink(lab.Vxlan.Index);
            return 0;
        }));

        Assert.Equal(10, refused.Count);
        Assert.All(refused.Values.Append(single), error =>
        {
            Assert.True(error.IsPermissionDenied);
            Assert.Contains("EPERM; this needs CAP_NET_ADMIN", error.Message, StringComparison.Ordinal);
        });
    });

    [SkippableTheory]
    [InlineData(1000)]
    [InlineData(5000)]
    [InlineData(10000)]
    public void Execute_ManyPeers_TakesMilliseconds(int peers) => Lab.Run(lab =>
    {
        var batch = new RouteBatch();
        for (int i = 0; i < peers; i++)
        {
            batch.ReplaceNeighbour(lab.Neighbour(i));
            batch.ReplaceFdb(lab.Fdb(i));
            batch.ReplaceNexthop(lab.Nexthop(i));
            batch.ReplaceRoute(Lab.NexthopRoute(i));
        }

        var watch = Stopwatch.StartNew();
        Assert.Empty(lab.Netlink.Execute(batch));
        output.WriteLine($"{peers} peers, {batch.Count} requests: {watch.Elapsed.TotalMilliseconds:0.0} ms");

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10));
    });

    [SkippableFact]
    public void Links_OfABatch_AreMadeChangedAndDeletedTogether() => IsolatedNamespace.Run(() =>
    {
        using RouteNetlink netlink = RouteNetlink.Open();
        Link bridge = netlink.CreateLink(new BridgeLinkSpec("br0") { IsUp = true });
        var batch = new RouteBatch();
        for (int i = 0; i < 3; i++)
        {
            batch.CreateLink(new VethLinkSpec($"v{i}", $"p{i}") { MasterIndex = bridge.Index });
            batch.ChangeLink($"v{i}", new LinkChange { Alias = $"number {i}", Hairpin = true, Group = i < 2 ? 77u : 0 });
        }

        Assert.Empty(netlink.Execute(batch));
        Assert.Equal("number 1", netlink.FindLink("v1")!.Alias);
        Assert.True(netlink.FindLink("v1")!.Hairpin);
        Assert.Null(netlink.FindLink("p1")!.Hairpin);

        batch.Clear();
        batch.DeleteLinkGroup(77);
        Assert.Empty(netlink.Execute(batch));
        Assert.Equal(["br0", "p2", "v2"], netlink.GetLinks().Select(link => link.Name).Where(name => name[0] is 'b' or 'p' or 'v').Order());
        Assert.Empty(netlink.Execute(batch)); // nothing is left to delete
    });

    private static (int, int, int, int, int) Counts(int addresses, int neighbours, int fdb, int nexthops, int routes) =>
        (addresses, neighbours, fdb, nexthops, routes);

    private static (int, int, int, int, int) CountAll(Lab lab) => Counts(
        lab.Netlink.GetAddresses(AddressFamily.InterNetwork, lab.Vxlan.Index).Count,
        lab.Netlink.GetNeighbours(AddressFamily.InterNetwork, lab.Vxlan.Index).Count,
        lab.Netlink.GetFdb(lab.Vxlan.Index).Count,
        lab.Netlink.GetNexthops(lab.Vxlan.Index).Count,
        lab.Netlink.GetRoutes(AddressFamily.InterNetwork, new RouteFilter { LinkIndex = lab.Vxlan.Index, Protocol = RouteProtocol.Boot }).Count);
}
