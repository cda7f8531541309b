using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Integration.Tests.Etcd;

/// <summary>What the real etcd does to running nodes and to the packets between their containers.</summary>
public class EtcdOverlayTests
{
    // Longer than any of the client's limits, shorter than a lease lives.
    private static readonly TimeSpan Outage = TimeSpan.FromMinutes(1);

    [NetnsFact]
    public async Task EveryMember_AwayForAMinuteUnderPing_PacketsFlowAndNothingIsTouchedOnReturn()
    {
        await using EtcdOverlay overlay = await EtcdOverlay.StartAsync(hosts: 2, members: 3);
        LabContainer a = overlay.AddContainer(0);
        LabContainer b = overlay.AddContainer(1);
        await using ContinuousPing ping = a.StartPinging(b.Address!, new PingOptions { Interval = TimeSpan.FromMilliseconds(10) });
        await ping.WaitForAnswersAsync(10);
        await using var writes = new KernelWrites(overlay.Lab.Hosts[0], "flannel.1");

        await overlay.Etcd.KillAllAsync();
        FlannelNodeStatus away = await overlay.UntilAsync(0, status => status.State == FlannelNodeState.Degraded);
        Assert.Contains("the store is away", away.Reason, StringComparison.Ordinal);
        Assert.IsAssignableFrom<StoreException>(away.Error);
        Assert.True(away.IsReady);
        Assert.Single(away.Peers);
        await Task.Delay(Outage);
        Assert.Equal(FlannelNodeState.Degraded, overlay.Node(0).Status.State);

        await overlay.Etcd.RestartAllAsync();
        await overlay.UntilAsync(0, static status => status is { State: FlannelNodeState.Ready, IsConverged: true, Peers.Count: 1 });
        await overlay.UntilAsync(1, static status => status is { State: FlannelNodeState.Ready, IsConverged: true, Peers.Count: 1 });
        await ping.WaitForAnswersAsync(50);
        PingReport report = await ping.StopAsync();
        Assert.True(report.AllAnswered, report.ToString());
        Assert.Empty(writes.Seen);
    }

    [NetnsFact]
    public async Task Config_PutIntoEtcd_IsFollowedByEveryNode()
    {
        await using EtcdOverlay overlay = await EtcdOverlay.StartAsync(hosts: 2, members: 1);
        LabContainer a = overlay.AddContainer(0);
        LabContainer b = overlay.AddContainer(1);
        await using ContinuousPing ping = a.StartPinging(b.Address!);
        await ping.WaitForAnswersAsync(10);

        await overlay.PutConfigAsync("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan","MTU":1400,"DirectRouting":true}}""");
        await overlay.UntilAsync(0, status => status.Mtu == 1350 && status.State == FlannelNodeState.Ready);
        await overlay.UntilAsync(1, status => status.Mtu == 1350 && status.State == FlannelNodeState.Ready);
        await overlay.PutConfigAsync("""{"Network":"10.9.0.0/16","Backend":{"Type":"vxlan","MTU":1400,"DirectRouting":true}}""");
        FlannelNodeStatus pending = await overlay.UntilAsync(1, status => status.PendingConfig is not null);
        Assert.Contains("Network is 10.9.0.0/16", pending.PendingConfig!.ToString(), StringComparison.Ordinal);

        await ping.WaitForAnswersAsync(20);
        PingReport report = await ping.StopAsync();
        Assert.True(report.AllAnswered, report.ToString());
        Assert.Equal(2, await overlay.Etcd.CountLeasesAsync());
    }

    /// <summary>Everything that is written about one device of a host from now on.</summary>
    private sealed class KernelWrites : IAsyncDisposable
    {
        private readonly RouteMonitor _monitor;
        private readonly Task _reading;
        private readonly List<RouteNotification> _seen = [];

        public KernelWrites(LabHost host, string device)
        {
            int index = host.Device(device).Index;
            _monitor = host.Run(() => RouteMonitor.Open());
            _reading = Task.Run(async () =>
            {
                await foreach (RouteNotification notification in _monitor.WatchAsync(CancellationToken.None))
                {
                    if (!Concerns(notification, index)) continue;
                    lock (_seen) _seen.Add(notification);
                }
            });
        }

        public IReadOnlyList<RouteNotification> Seen
        {
            get
            {
                lock (_seen) return [.. _seen];
            }
        }

        public async ValueTask DisposeAsync()
        {
            _monitor.Dispose();
            await _reading;
        }

        // The kernel signs what it does by itself (IPv6 addresses that turn out to be free) with 0, and never says who wrote a forwarding entry.
        private static bool Concerns(RouteNotification notification, int index) => notification switch
        {
            { PortId: 0 } and not (FdbChanged or FdbRemoved) => false,
            LinkChanged { Link: var link } => link.Index == index,
            LinkRemoved { Link: var link } => link.Index == index,
            RouteChanged { Route: var route } => route.LinkIndex == index,
            RouteRemoved { Route: var route } => route.LinkIndex == index,
            NeighbourChanged { Neighbour: var neighbour } => neighbour.LinkIndex == index,
            NeighbourRemoved { Neighbour: var neighbour } => neighbour.LinkIndex == index,
            FdbChanged { Entry: var entry } => entry.LinkIndex == index,
            FdbRemoved { Entry: var entry } => entry.LinkIndex == index,
            AddressChanged { Address: var address } => address.LinkIndex == index,
            AddressRemoved { Address: var address } => address.LinkIndex == index,
            _ => true,
        };
    }
}
