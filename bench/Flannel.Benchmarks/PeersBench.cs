using System.Diagnostics;
using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Overlays;
using Flannel.Benchmarks.Reporting;

namespace Flannel.Benchmarks;

/// <summary>Programming all peers into an empty device, by us and by <c>ip -batch</c>.</summary>
internal sealed class PeersBench : IBench
{
    private const double Goal = 0.2;
    private const double GrowthGoal = 2;
    private const double Noise = 0.2;
    private const int WarmUp = 5;
    private static readonly int[] Counts = [1000, 5000, 10_000];

    public string Name => "peers";

    public string Subject => "programming 1,000, 5,000 and 10,000 peers, against ip -batch and bridge -batch";

    public async Task RunAsync(int rounds, Report report, CancellationToken cancellationToken)
    {
        using var lab = new Lab();
        var series = Counts.ToDictionary(count => count, count => new Series(Peer.Make(count)));

        // The first run of a process compiles the code; it is told apart from the rest, which is how a host that has been up for a while does it.
        double cold = (await ProgramAsync(lab, series[5000].Peers, cancellationToken)).Programming;
        for (int run = 0; run < WarmUp; run++) await ProgramAsync(lab, series[5000].Peers, cancellationToken);

        for (int round = 0; round < rounds; round++)
        {
            report.Progress($"  round {round + 1} of {rounds}");
            foreach (Series one in series.Values)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (round % 2 == 1) MeasureByHand(lab, one);
                (double programming, double removal) = await ProgramAsync(lab, one.Peers, cancellationToken);
                one.Ours.Add(programming);
                one.Removal.Add(removal);
                if (round % 2 == 0) MeasureByHand(lab, one);
            }
        }

        Tell(report, series, cold);
    }

    private static void MeasureByHand(Lab lab, Series one)
    {
        one.Plain.Add(RunBatches(lab, one.Peers.Count, HandMade.Routes("add", one.Peers), HandMade.Forwarding("add", one.Peers)));
        one.Nexthops.Add(RunBatches(lab, one.Peers.Count, HandMade.NexthopRoutes(one.Peers), HandMade.Forwarding("add", one.Peers)));
    }

    private static async Task<(double Programming, double Removal)> ProgramAsync(
        Lab lab, IReadOnlyList<Peer> peers, CancellationToken cancellationToken)
    {
        using LabHost host = lab.AddLoneHost("ours");
        Lease[] leases = [.. peers.Select(static peer => peer.Lease)];
        await using BackendUnderTest backend = await BackendUnderTest.StartAsync(host, cancellationToken);
        GC.Collect();

        long start = Stopwatch.GetTimestamp();
        await backend.SetPeersAsync(leases, cancellationToken);
        double programming = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        ProgrammedPeers.Verify(host, peers.Count);

        start = Stopwatch.GetTimestamp();
        await backend.SetPeersAsync([], cancellationToken);
        double removal = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        ProgrammedPeers.Verify(host, 0);
        return (programming, removal);
    }

    private static double RunBatches(Lab lab, int count, IEnumerable<string> routes, IEnumerable<string> forwarding)
    {
        using LabHost host = lab.AddLoneHost("hand");
        HandMade.AddDevice(host, LabHost.LoneAddress, Peer.OwnSubnet.BaseAddress);
        using var ip = new IpBatch("ip", routes);
        using var bridge = new IpBatch("bridge", forwarding);
        double milliseconds = bridge.Run(host) + ip.Run(host);
        ProgrammedPeers.Verify(host, count);
        return milliseconds;
    }

    private static void Tell(Report report, Dictionary<int, Series> series, double cold)
    {
        foreach ((int count, Series one) in series)
        {
            report.Add(Compare(one, $"{Quantity.Count(count)} peers programmed", one.Plain, "`ip -batch`") with
            {
                Goal = count == 5000 ? $"≤ {Goal}" : null,
                IsMet = count == 5000 ? one.Ours.Over(one.Plain).Median <= Goal : null,
            });
        }

        Sample growth = series[10_000].Ours.Over(series[5000].Ours);
        Sample growthByHand = series[10_000].Plain.Over(series[5000].Plain);
        report.Add(new Result
        {
            Subject = "10,000 peers against 5,000 peers, both by us",
            Ours = Quantity.Duration(series[10_000].Ours.Median),
            Reference = $"{Quantity.Duration(series[5000].Ours.Median)} (`ip -batch`: {Quantity.Round(growthByHand.Median)} times as long)",
            Ratio = growth,
            Goal = "< 2, plus noise",
            IsMet = growth.Median < GrowthGoal * (1 + Noise),
        });
        foreach ((int count, Series one) in series)
            report.Add(Compare(one, $"{Quantity.Count(count)} peers, with nexthop objects by hand, too", one.Nexthops, "`ip -batch`, `nexthop`"));
        report.Add(new Result
        {
            Subject = "5,000 peers, first run of the process (JIT)",
            Ours = Quantity.Duration(cold),
            Figures = Figures(("ours_ms", [cold])),
        });
        foreach ((int count, Series one) in series)
        {
            report.Add(new Result
            {
                Subject = $"{Quantity.Count(count)} peers removed, against programmed",
                Ours = Quantity.Duration(one.Removal.Median),
                Reference = Quantity.Duration(one.Ours.Median),
                Ratio = one.Removal.Over(one.Ours),
                Figures = Figures(("ours_ms", one.Removal.Values)),
            });
        }

        report.AddNote(
            "peers: ours from `SetPeers` on a new, empty device until the backend says that the kernel has followed; by hand from the start to the " +
            "end of `bridge -batch` (FDB) and `ip -batch` (neighbours, onlink routes). Afterwards the kernel's entries are counted on either side.");
    }

    private static Result Compare(Series one, string subject, Sample reference, string referenceName) => new()
    {
        Subject = subject,
        Ours = Quantity.Duration(one.Ours.Median),
        Reference = $"{Quantity.Duration(reference.Median)} ({referenceName})",
        Ratio = one.Ours.Over(reference),
        Figures = Figures(("ours_ms", one.Ours.Values), ("reference_ms", reference.Values)),
    };

    private static Dictionary<string, IReadOnlyList<double>> Figures(params (string Name, IReadOnlyList<double> Values)[] figures) =>
        figures.ToDictionary(static figure => figure.Name, static figure => figure.Values);

    private sealed record Series(IReadOnlyList<Peer> Peers)
    {
        public Sample Ours { get; } = new();

        public Sample Removal { get; } = new();

        public Sample Plain { get; } = new();

        public Sample Nexthops { get; } = new();
    }
}
