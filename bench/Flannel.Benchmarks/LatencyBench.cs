using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Overlays;
using Flannel.Benchmarks.Reporting;

namespace Flannel.Benchmarks;

/// <summary>From a lease in the store to the route in the kernel, over a whole node.</summary>
internal sealed class LatencyBench : IBench
{
    private const int Events = 2000;
    private const int WarmUp = 20_000; // until the code that is measured is compiled with every optimisation
    private const double GoalInMilliseconds = 1;
    private static readonly TimeSpan TimeToLive = TimeSpan.FromHours(24);

    public string Name => "latency";

    public string Subject => "a lease put into the store until its route is in the kernel, over a whole node";

    public async Task RunAsync(int rounds, Report report, CancellationToken cancellationToken)
    {
        foreach (int others in new[] { 0, 5000 })
        {
            foreach (bool isGuarded in new[] { true, false })
            {
                string subject = $"{Quantity.Count(others)} other peers{(isGuarded ? "" : ", no guard")}";
                report.Progress($"  {subject}");
                await MeasureAsync(subject, others, isGuarded, report, cancellationToken);
            }
        }

        report.AddNote(
            $"latency: {Quantity.Count(Events)} leases one by one after {Quantity.Count(WarmUp)} for warming up, from before the put until a " +
            "socket of the bench is told of the route, with the guard and then without, one node after the other; the reference writes neighbour, " +
            "FDB entry and route straight to netlink in one batch and waits in the same way, in turns with the node.");
    }

    private static async Task MeasureAsync(string subject, int others, bool isGuarded, Report report, CancellationToken cancellationToken)
    {
        using var lab = new Lab();
        await using Side side = await Side.StartAsync(lab, others, isGuarded, cancellationToken);
        LabHost direct = lab.AddLoneHost("direct");
        HandMade.AddDevice(direct, LabHost.LoneAddress, Peer.OwnSubnet.BaseAddress);
        await using var directRoutes = new RouteWatch(direct, cancellationToken);
        var writer = new DirectWriter(direct);
        var ours = new Sample();
        var reference = new Sample();
        for (int number = 0; number < WarmUp + Events; number++)
        {
            var peer = new Peer(others + number);
            double now = await side.TimeAsync(peer);
            double referenceNow = await directRoutes.TimeAsync(peer.Subnet, () => writer.Add(peer));
            writer.Remove(peer);
            await directRoutes.WaitForRemovalAsync(peer.Subnet);
            if (number < WarmUp) continue;
            ours.Add(now);
            reference.Add(referenceNow);
        }

        Tell(report, $"lease put to route installed, {subject}", ours, reference);
    }

    private static void Tell(Report report, string subject, Sample ours, Sample reference) => report.Add(new Result
    {
        Subject = subject,
        Ours = Describe(ours),
        Reference = $"{Describe(reference)} (straight to netlink)",
        Ratio = ours.OverMedian(reference),
        Goal = "p50 < 1 ms",
        IsMet = ours.Median < GoalInMilliseconds,
        Figures = new Dictionary<string, IReadOnlyList<double>> { ["ours_ms"] = ours.Values, ["reference_ms"] = reference.Values },
    });

    private static string Describe(Sample sample) => string.Join(
        ", ",
        $"p50 {Quantity.Duration(sample.Median)}",
        $"p90 {Quantity.Duration(sample.Percentile(90))}",
        $"p99 {Quantity.Duration(sample.Percentile(99))}",
        $"max {Quantity.Duration(sample.Highest)}");

    /// <summary>A node, the store that it follows, and the routes of its host.</summary>
    private sealed class Side(NodeUnderTest node, InMemoryLeaseStore store, RouteWatch routes) : IAsyncDisposable
    {
        public static async Task<Side> StartAsync(Lab lab, int others, bool isGuarded, CancellationToken cancellationToken)
        {
            LabHost host = lab.AddLoneHost("node");
            var store = new InMemoryLeaseStore(Peer.NetworkConfig);
            store.Reserve(Peer.OwnKey, new LeaseAttributes { PublicIP = LabHost.LoneAddress }); // else the node might draw a subnet of a peer to come
            foreach (Peer peer in Peer.Make(others)) store.Put(peer.Lease.Key, peer.Lease.Attributes, TimeToLive);
            NodeUnderTest node = await NodeUnderTest.StartAsync(host, store, cancellationToken, isGuarded);
            await node.WaitForPeersAsync(others, cancellationToken);
            return new Side(node, store, new RouteWatch(host, cancellationToken));
        }

        /// <summary>Puts a lease and deletes it again.</summary>
        /// <returns>Milliseconds from before the put until the route is there.</returns>
        public async Task<double> TimeAsync(Peer peer)
        {
            double time = await routes.TimeAsync(peer.Subnet, () => store.Put(peer.Lease.Key, peer.Lease.Attributes, TimeToLive));
            store.Delete(peer.Lease.Key.ToString());
            await routes.WaitForRemovalAsync(peer.Subnet);
            return time;
        }

        public async ValueTask DisposeAsync()
        {
            await routes.DisposeAsync();
            await node.DisposeAsync();
        }
    }
}
