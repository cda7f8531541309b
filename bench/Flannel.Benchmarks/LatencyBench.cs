using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Overlays;
using Flannel.Benchmarks.Reporting;

namespace Flannel.Benchmarks;

/// <summary>From a lease in the store to the route in the kernel, over a whole node.</summary>
internal sealed class LatencyBench : IBench
{
    private const int Events = 2000;
    private const int WarmUp = 5000; // until the code that is measured is compiled with every optimisation
    private const double GoalInMilliseconds = 1;
    private static readonly TimeSpan TimeToLive = TimeSpan.FromHours(24);

    public string Name => "latency";

    public string Subject => "a lease put into the store until its route is in the kernel, over a whole node";

    public async Task RunAsync(int rounds, Report report, CancellationToken cancellationToken)
    {
        foreach (int others in new[] { 0, 5000 })
        {
            report.Progress($"  {Quantity.Count(others)} other peers");
            await MeasureAsync(others, report, cancellationToken);
        }

        report.AddNote(
            $"latency: {Quantity.Count(Events)} leases one by one after {Quantity.Count(WarmUp)} for warming up, from before the put until a " +
            "socket of the bench's own is told of the route; the reference writes neighbour, FDB entry and route straight to netlink in one batch " +
            "and waits in the same way, taking turns.");
    }

    private static async Task MeasureAsync(int others, Report report, CancellationToken cancellationToken)
    {
        using var lab = new Lab();
        LabHost host = lab.AddLoneHost("ours");
        LabHost direct = lab.AddLoneHost("direct");
        HandMade.AddDevice(direct, LabHost.LoneAddress, Peer.OwnSubnet.BaseAddress);

        var store = new InMemoryLeaseStore(Peer.NetworkConfig);
        store.Reserve(Peer.OwnKey, new LeaseAttributes { PublicIP = LabHost.LoneAddress }); // else the node might draw a subnet of a peer to come
        foreach (Peer peer in Peer.Make(others)) store.Put(peer.Lease.Key, peer.Lease.Attributes, TimeToLive);
        await using NodeUnderTest node = await NodeUnderTest.StartAsync(host, store, cancellationToken);
        await node.WaitForPeersAsync(others, cancellationToken);

        await using var routes = new RouteWatch(host, cancellationToken);
        await using var directRoutes = new RouteWatch(direct, cancellationToken);
        var writer = new DirectWriter(direct);
        var ours = new Sample();
        var reference = new Sample();
        for (int number = 0; number < WarmUp + Events; number++)
        {
            var peer = new Peer(others + number);
            double oursNow = await routes.TimeAsync(peer.Subnet, () => store.Put(peer.Lease.Key, peer.Lease.Attributes, TimeToLive));
            double referenceNow = await directRoutes.TimeAsync(peer.Subnet, () => writer.Add(peer));
            store.Delete(peer.Lease.Key.ToString());
            await routes.WaitForRemovalAsync(peer.Subnet);
            writer.Remove(peer);
            await directRoutes.WaitForRemovalAsync(peer.Subnet);
            if (number < WarmUp) continue;
            ours.Add(oursNow);
            reference.Add(referenceNow);
        }

        Tell(report, others, ours, reference);
    }

    private static void Tell(Report report, int others, Sample ours, Sample reference) => report.Add(new Result
    {
        Subject = $"lease put to route installed, {Quantity.Count(others)} other peers",
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
}
