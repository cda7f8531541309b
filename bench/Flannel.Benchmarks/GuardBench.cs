using System.Diagnostics;
using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Overlays;
using Flannel.Benchmarks.Reporting;

namespace Flannel.Benchmarks;

/// <summary>What the guard costs: the same with it and without it, in turns.</summary>
internal sealed class GuardBench : IBench
{
    private const int Peers = 5000;
    private const int WarmUp = 5;
    private const int Seconds = 2;
    private const double ProgrammingGoal = 1.2;
    private const double ThroughputGoal = 0.97;
    private static readonly TimeSpan LeaseTime = TimeSpan.FromHours(24);

    public string Name => "guard";

    public string Subject => "programming 5,000 peers, and TCP between containers beside 5,000 peers, with the guard and without";

    public async Task RunAsync(int rounds, Report report, CancellationToken cancellationToken)
    {
        using var lab = new Lab();
        await CompareProgrammingAsync(lab, rounds, report, cancellationToken);
        await CompareThroughputAsync(lab, rounds, report, cancellationToken);
        report.AddNote(
            "guard: with `GuardOptions.Enabled` and without, in turns. Programming is measured as by the bench peers. TCP is measured as by the " +
            $"bench throughput, one stream, with {Quantity.Count(Peers)} other peers in the store, so that the guard's sets are full.");
    }

    private static async Task CompareProgrammingAsync(Lab lab, int rounds, Report report, CancellationToken cancellationToken)
    {
        Lease[] leases = [.. Peer.Make(Peers).Select(static peer => peer.Lease)];
        for (int run = 0; run < WarmUp; run++)
        {
            await ProgramAsync(lab, leases, isGuarded: true, cancellationToken);
            await ProgramAsync(lab, leases, isGuarded: false, cancellationToken);
        }

        var guarded = new Sample();
        var open = new Sample();
        for (int round = 0; round < 4 * rounds; round++)
        {
            report.Progress($"  programming, round {round + 1} of {4 * rounds}");
            if (round % 2 == 1) open.Add(await ProgramAsync(lab, leases, isGuarded: false, cancellationToken));
            guarded.Add(await ProgramAsync(lab, leases, isGuarded: true, cancellationToken));
            if (round % 2 == 0) open.Add(await ProgramAsync(lab, leases, isGuarded: false, cancellationToken));
        }

        Sample ratio = guarded.OverMedian(open);
        report.Add(new Result
        {
            Subject = $"{Quantity.Count(Peers)} peers programmed, guarded",
            Ours = Quantity.Duration(guarded.Median),
            Reference = $"{Quantity.Duration(open.Median)} (no guard)",
            Ratio = ratio,
            Goal = "≤ 1.2",
            IsMet = ratio.Median <= ProgrammingGoal,
            Figures = new Dictionary<string, IReadOnlyList<double>> { ["ours_ms"] = guarded.Values, ["reference_ms"] = open.Values },
        });
        AddSpread(report, "programming", guarded, open);
    }

    private static async Task<double> ProgramAsync(Lab lab, Lease[] leases, bool isGuarded, CancellationToken cancellationToken)
    {
        using LabHost host = lab.AddLoneHost(isGuarded ? "guarded" : "open");
        await using BackendUnderTest backend = await BackendUnderTest.StartAsync(host, cancellationToken, isGuarded);
        GC.Collect();
        long start = Stopwatch.GetTimestamp();
        await backend.SetPeersAsync(leases, cancellationToken);
        double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        ProgrammedPeers.Verify(host, leases.Length);
        return milliseconds;
    }

    private static async Task CompareThroughputAsync(Lab lab, int rounds, Report report, CancellationToken cancellationToken)
    {
        await using Side guarded = await Side.StartAsync(lab, isGuarded: true, cancellationToken);
        await using Side open = await Side.StartAsync(lab, isGuarded: false, cancellationToken);
        var guardedRates = new Sample();
        var openRates = new Sample();
        for (int round = 0; round < 4 * rounds; round++)
        {
            report.Progress($"  TCP, round {round + 1} of {4 * rounds}");
            if (round % 2 == 1) openRates.Add(await open.SendAsync(cancellationToken));
            guardedRates.Add(await guarded.SendAsync(cancellationToken));
            if (round % 2 == 0) openRates.Add(await open.SendAsync(cancellationToken));
        }

        Sample ratio = guardedRates.OverMedian(openRates);
        report.Add(new Result
        {
            Subject = $"TCP, 1 stream, {Quantity.Count(Peers)} peers, guarded VXLAN",
            Ours = Rate(guardedRates),
            Reference = $"{Rate(openRates)} (no guard)",
            Ratio = ratio,
            Goal = "≥ 0.97",
            IsMet = ratio.Median >= ThroughputGoal,
            Figures = new Dictionary<string, IReadOnlyList<double>>
            {
                ["ours_gbit_s"] = guardedRates.Values,
                ["reference_gbit_s"] = openRates.Values,
            },
        });
        AddSpread(report, "TCP", guardedRates, openRates);
    }

    /// <summary>How much one round says.</summary>
    private static void AddSpread(Report report, string what, Sample guarded, Sample open)
    {
        Sample rounds = guarded.Over(open);
        report.AddNote(
            $"guard, {what}: the ratio is that of the medians of {open.Values.Count} rounds. Of the rounds' own ratios half lie between " +
            $"{Quantity.Round(rounds.Percentile(25))} and {Quantity.Round(rounds.Percentile(75))}, all between {Quantity.Round(rounds.Lowest)} " +
            $"and {Quantity.Round(rounds.Highest)}.");
    }

    private static string Rate(Sample rates) => $"{Quantity.Round(rates.Median)} Gbit/s";

    /// <summary>Two hosts with a node and a container each.</summary>
    private sealed class Side(ContainerPair pair, NodeUnderTest first, NodeUnderTest second) : IAsyncDisposable
    {
        public static async Task<Side> StartAsync(Lab lab, bool isGuarded, CancellationToken cancellationToken)
        {
            var store = new InMemoryLeaseStore(Peer.NetworkConfig);
            foreach (Peer peer in Peer.Make(Peers)) store.Put(peer.Lease.Key, peer.Lease.Attributes, LeaseTime);
            var pair = new ContainerPair(lab, isGuarded ? "guarded" : "open");
            NodeUnderTest first = await NodeUnderTest.StartAsync(pair.First, store, cancellationToken, isGuarded);
            NodeUnderTest second = await NodeUnderTest.StartAsync(pair.Second, store, cancellationToken, isGuarded);
            await first.WaitForPeersAsync(Peers + 1, cancellationToken);
            await second.WaitForPeersAsync(Peers + 1, cancellationToken);
            await pair.AttachAsync(first.Node.Lease.Subnet!.Value, second.Node.Lease.Subnet!.Value, first.Node.Mtu, cancellationToken);
            return new Side(pair, first, second);
        }

        public Task<double> SendAsync(CancellationToken cancellationToken) => pair.SendAsync(streams: 1, Seconds, cancellationToken);

        public async ValueTask DisposeAsync()
        {
            await first.DisposeAsync();
            await second.DisposeAsync();
            pair.Dispose();
        }
    }
}
