using System.Net;
using System.Net.NetworkInformation;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Tests.Kernel;

namespace Flannel.Netlink.Tests.Route.Monitoring;

public class RouteMonitorTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static int _addresses;

    [SkippableFact]
    public void Watch_EveryKindOfChange_IsToldInOrderAndFromOpenOn() => Lab.Run(lab =>
    {
        using RouteMonitor monitor = RouteMonitor.Open();
        var address = new InterfaceAddress { LinkIndex = lab.Vxlan.Index, Address = IPAddress.Parse("10.244.1.0"), PrefixLength = 32 };
        lab.Netlink.AddAddress(address);
        lab.Netlink.ReplaceNeighbour(lab.Neighbour(1));
        lab.Netlink.ReplaceFdb(lab.Fdb(1));
        lab.Netlink.AddNexthop(lab.Nexthop(1));
        lab.Netlink.AddRoute(Lab.NexthopRoute(1));
        lab.Netlink.AddRoute(lab.OnLinkRoute(2));
        lab.Netlink.DeleteRoute(lab.OnLinkRoute(2));
        lab.Netlink.DeleteNexthop(lab.Nexthop(1).Id);
        lab.Netlink.DeleteFdb(lab.Fdb(1));
        lab.Netlink.DeleteAddress(address);
        lab.Netlink.ChangeLink(lab.Vxlan.Index, new LinkChange { Mtu = 1400 });
        lab.Netlink.DeleteLink(lab.Vxlan.Index);

        List<RouteNotification> seen = TakeUntil(monitor, n => n is LinkRemoved { Link.Name: "flannel.1" });

        RouteNotification[] expected =
        [
            new AddressChanged(address with { Label = "flannel.1", Flags = AddressFlags.Permanent }) { PortId = lab.Netlink.PortId },
            new NeighbourChanged(lab.Neighbour(1)) { PortId = lab.Netlink.PortId },
            new FdbChanged(lab.Fdb(1)),
            new NexthopChanged(lab.Nexthop(1)) { PortId = lab.Netlink.PortId },
            new RouteChanged(lab.OnLinkRoute(2)) { PortId = lab.Netlink.PortId },
            new RouteRemoved(lab.OnLinkRoute(2)) { PortId = lab.Netlink.PortId },
            new NexthopRemoved(lab.Nexthop(1)) { PortId = lab.Netlink.PortId },
            new FdbRemoved(lab.Fdb(1)),
            new AddressRemoved(address with { Label = "flannel.1", Flags = AddressFlags.Permanent }) { PortId = lab.Netlink.PortId },
        ];
        Assert.Equal(expected, seen.Where(expected.Contains));
        Assert.Contains(seen, n => n is RouteChanged { Route.NexthopId: 2 });
        Assert.Contains(seen, n => n is LinkChanged { Link: { Name: "flannel.1", Mtu: 1400 } });
        Assert.DoesNotContain(seen, n => n is Resynchronise);
    });

    [SkippableFact]
    public void Watch_OneGroupOnly_TellsNothingElse() => Lab.Run(lab =>
    {
        using RouteMonitor monitor = RouteMonitor.Open(new RouteMonitorOptions { Groups = RouteMonitorGroups.IPv4Routes });
        lab.Netlink.ReplaceNeighbour(lab.Neighbour(1));
        lab.Netlink.ChangeLink(lab.Vxlan.Index, new LinkChange { Mtu = 1400 });
        lab.Netlink.AddRoute(lab.OnLinkRoute(1));
        lab.Netlink.DeleteRoute(lab.OnLinkRoute(1));

        List<RouteNotification> seen = TakeUntil(monitor, n => n is RouteRemoved);

        Assert.Equal([typeof(RouteChanged), typeof(RouteRemoved)], seen.Select(n => n.GetType()));
    });

    [SkippableFact]
    public void Watch_IgnoredPortId_TellsWhatOthersChange() => Lab.Run(lab =>
    {
        using RouteMonitor monitor = RouteMonitor.Open(new RouteMonitorOptions { IgnoredPortId = lab.Netlink.PortId });
        using RouteNetlink other = RouteNetlink.Open();
        lab.Netlink.ReplaceNeighbour(lab.Neighbour(1));
        lab.Netlink.AddNexthop(lab.Nexthop(1));
        lab.Netlink.AddRoute(lab.OnLinkRoute(1));
        other.ReplaceNeighbour(lab.Neighbour(2));
        other.DeleteRoute(lab.OnLinkRoute(1));

        List<RouteNotification> seen = TakeUntil(monitor, n => n is RouteRemoved);

        Assert.Equal(
            [
                new NeighbourChanged(lab.Neighbour(2)) { PortId = other.PortId },
                new RouteRemoved(lab.OnLinkRoute(1)) { PortId = other.PortId },
            ],
            seen.Where(n => n.PortId != 0)); // the kernel's own changes come when they come
    });

    [Fact]
    public void Open_IgnoredPortIdIsZero_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => RouteMonitor.Open(new RouteMonitorOptions { IgnoredPortId = 0 }));

    [SkippableFact]
    public void Watch_KernelBufferOverflows_TellsToResynchroniseAndGoesOn() => Lab.Run(lab =>
    {
        // The smallest buffer holds one or two notifications; the batch makes thousands within one system call.
        using RouteMonitor monitor = RouteMonitor.Open(new RouteMonitorOptions { ReceiveBufferSize = 1, Capacity = 1_000_000 });
        using var deadline = new CancellationTokenSource(Deadline);
        bool lost = false;
        while (!lost)
        {
            ChangeNeighbours(lab, 5000);
            PhysicalAddress mark = Mark(lab);
            lost = Take(monitor, n => n is Resynchronise || IsMark(n, mark), deadline.Token)[^1] is Resynchronise;
        }

        AwaitNextChange(lab, monitor, deadline.Token);
    });

    [SkippableFact]
    public void Watch_ConsumerTooSlow_IsToldToResynchroniseAndGetsWhatComesLater() => Lab.Run(lab =>
    {
        using RouteMonitor monitor = RouteMonitor.Open(new RouteMonitorOptions { Capacity = 8 });
        using var deadline = new CancellationTokenSource(Deadline);
        bool lost = false;
        while (!lost)
        {
            ChangeNeighbours(lab, 2000); // nobody takes the notifications meanwhile
            PhysicalAddress mark = Mark(lab);
            lost = Take(monitor, n => n is Resynchronise || IsMark(n, mark), deadline.Token)[^1] is Resynchronise;
        }

        AwaitNextChange(lab, monitor, deadline.Token);
    });

    [SkippableFact]
    public void Watch_Cancelled_EndsTheEnumerationAndNotTheMonitor() => Lab.Run(lab =>
    {
        using RouteMonitor monitor = RouteMonitor.Open();
        using var cancellation = new CancellationTokenSource();
        Task<List<RouteNotification>> watching = TakeAsync(monitor, _ => false, cancellation.Token);
        cancellation.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => watching.WaitAsync(Deadline).GetAwaiter().GetResult());

        lab.Netlink.AddRoute(lab.OnLinkRoute(1));

        Assert.NotEmpty(TakeUntil(monitor, n => n is RouteChanged));
    });

    [SkippableFact]
    public void Watch_Twice_Throws() => Lab.Run(lab =>
    {
        using RouteMonitor monitor = RouteMonitor.Open();
        Task<List<RouteNotification>> first = TakeAsync(monitor, n => n is RouteChanged { Route.IsOnLink: true }, CancellationToken.None);

        Assert.Throws<InvalidOperationException>(() => TakeAsync(monitor, _ => true, CancellationToken.None).GetAwaiter().GetResult());

        lab.Netlink.AddRoute(lab.OnLinkRoute(1));
        Assert.NotEmpty(first.WaitAsync(Deadline).GetAwaiter().GetResult());
    });

    [SkippableFact]
    public void Dispose_WhileWatched_EndsTheEnumeration() => Lab.Run(_ =>
    {
        RouteMonitor monitor = RouteMonitor.Open();
        Task<List<RouteNotification>> watching = TakeAsync(monitor, _ => false, CancellationToken.None);

        monitor.Dispose();
        monitor.Dispose();

        watching.WaitAsync(Deadline).GetAwaiter().GetResult();
    });

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Open_CapacityNotPositive_Throws(int capacity) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => RouteMonitor.Open(new RouteMonitorOptions { Capacity = capacity }));

    /// <summary>Proves that notifications come again after a loss; what is left of the storm may cause one more.</summary>
    private static void AwaitNextChange(Lab lab, RouteMonitor monitor, CancellationToken cancellationToken)
    {
        bool seen = false;
        while (!seen)
        {
            PhysicalAddress mark = Mark(lab);
            seen = IsMark(Take(monitor, n => n is Resynchronise || IsMark(n, mark), cancellationToken)[^1], mark);
        }
    }

    /// <summary>Makes a change that looks like no other.</summary>
    private static PhysicalAddress Mark(Lab lab)
    {
        PhysicalAddress mark = UniqueAddress();
        lab.Netlink.ReplaceNeighbour(lab.Neighbour(60000) with { Address = mark });
        return mark;
    }

    private static bool IsMark(RouteNotification notification, PhysicalAddress mark) =>
        notification is NeighbourChanged changed && mark.Equals(changed.Neighbour.Address);

    /// <summary>Each with an address it never had: the kernel tells no change that is none.</summary>
    private static void ChangeNeighbours(Lab lab, int count)
    {
        var batch = new RouteBatch();
        for (int i = 0; i < count; i++)
            batch.ReplaceNeighbour(lab.Neighbour(i) with { Address = UniqueAddress() });
        Assert.Empty(lab.Netlink.Execute(batch));
    }

    private static PhysicalAddress UniqueAddress()
    {
        int n = Interlocked.Increment(ref _addresses);
        return new PhysicalAddress([2, 0xFF, (byte)(n >> 24), (byte)(n >> 16), (byte)(n >> 8), (byte)n]);
    }

    private static List<RouteNotification> TakeUntil(RouteMonitor monitor, Func<RouteNotification, bool> last)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        return Take(monitor, last, deadline.Token);
    }

    private static List<RouteNotification> Take(RouteMonitor monitor, Func<RouteNotification, bool> last, CancellationToken cancellationToken) =>
        TakeAsync(monitor, last, cancellationToken).GetAwaiter().GetResult();

    private static async Task<List<RouteNotification>> TakeAsync(
        RouteMonitor monitor, Func<RouteNotification, bool> last, CancellationToken cancellationToken)
    {
        var seen = new List<RouteNotification>();
        await foreach (RouteNotification notification in monitor.WatchAsync(cancellationToken))
        {
            seen.Add(notification);
            if (last(notification))
                break;
        }

        return seen;
    }
}
