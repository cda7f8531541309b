using System.Diagnostics;
using Flannel.Benchmarks.Overlays;
using Flannel.Benchmarks.Reporting;
using Flannel.Core.Addressing;
using Flannel.Core.Leases.Allocation;

namespace Flannel.Benchmarks;

/// <summary>Finding a free subnet in a pool that is nearly full.</summary>
internal sealed class AllocationBench : IBench
{
    private const int Taken = 60_000;
    private const int Draws = 2000;
    private const int FewTaken = 6000;
    private const int Acquisitions = 30;
    private const int AcquisitionWarmUp = 5;
    private const int WarmUp = 200;
    private const int Seed = 1;
    private const double GoalInMilliseconds = 1;
    private readonly NetworkConfig _config = NetworkConfig.Parse(Peer.NetworkConfig, "the bench");

    public string Name => "allocation";

    public string Subject => "drawing a free subnet with 60,000 of 65,535 taken";

    public async Task RunAsync(int rounds, Report report, CancellationToken cancellationToken)
    {
        SubnetKey[] taken = Take();
        MeasureDraws(taken, rounds, report, cancellationToken);
        await MeasureAcquisitionsAsync(taken, report, cancellationToken);
        report.AddNote(
            "allocation: the reference goes through the pool and compares each subnet with every lease until it has found a hundred free ones, " +
            "which is how flannel does it, written in C#; a whole acquisition lists and decodes all leases of an in-memory store, draws, and " +
            "creates the lease.");
    }

    private SubnetKey[] Take()
    {
        SubnetRange pool = _config.IPv4Subnets!.Value;
        int[] numbers = [.. Enumerable.Range(0, (int)pool.Count)];
        new Random(Seed).Shuffle(numbers);
        return [.. numbers.Take(Taken).Select(number => new SubnetKey(pool[(UInt128)number], null))];
    }

    private void MeasureDraws(SubnetKey[] taken, int rounds, Report report, CancellationToken cancellationToken)
    {
        var random = new Random(Seed);
        var medians = new Sample();
        var all = new Sample();
        var scans = new Sample();
        var scan = new LinearScan(_config, taken);
        for (int round = 0; round < rounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var draws = new Sample();
            for (int draw = -WarmUp; draw < Draws; draw++)
            {
                long start = Stopwatch.GetTimestamp();
                SubnetKey drawn = SubnetAllocator.Allocate(_config, taken, random);
                double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                GC.KeepAlive(drawn);
                if (draw < 0) continue;
                draws.Add(milliseconds);
                all.Add(milliseconds);
            }

            medians.Add(draws.Median);
            long startOfScan = Stopwatch.GetTimestamp();
            scan.Draw(random);
            scans.Add(Stopwatch.GetElapsedTime(startOfScan).TotalMilliseconds);
        }

        report.Add(new Result
        {
            Subject = $"subnet drawn, {Quantity.Count(Taken)} of 65,535 taken",
            Ours = $"p50 {Quantity.Duration(all.Median)}, p99 {Quantity.Duration(all.Percentile(99))}",
            Reference = $"{Quantity.Duration(scans.Median)} (linear scan)",
            Ratio = medians.Over(scans),
            Goal = "< 1 ms",
            IsMet = all.Median < GoalInMilliseconds,
            Figures = new Dictionary<string, IReadOnlyList<double>> { ["ours_ms"] = all.Values, ["reference_ms"] = scans.Values },
        });
    }

    private async Task MeasureAcquisitionsAsync(SubnetKey[] taken, Report report, CancellationToken cancellationToken)
    {
        await using var full = new SharedStore(_config, taken);
        await using var small = new SharedStore(_config, taken[..FewTaken]);
        var fullTimes = new Sample();
        var smallTimes = new Sample();
        for (int number = -AcquisitionWarmUp; number < Acquisitions; number++)
        {
            double fullTime = await full.AcquireAsync(cancellationToken);
            double smallTime = await small.AcquireAsync(cancellationToken);
            if (number < 0) continue;
            fullTimes.Add(fullTime);
            smallTimes.Add(smallTime);
        }

        report.Add(new Result
        {
            Subject = $"lease acquired, {Quantity.Count(Taken)} leases in the store",
            Ours = $"p50 {Quantity.Duration(fullTimes.Median)}, p99 {Quantity.Duration(fullTimes.Percentile(99))}",
            Reference = $"{Quantity.Duration(smallTimes.Median)} (ours with {Quantity.Count(FewTaken)} leases)",
            Ratio = fullTimes.OverMedian(smallTimes),
            Figures = new Dictionary<string, IReadOnlyList<double>> { ["ours_ms"] = fullTimes.Values, ["reference_ms"] = smallTimes.Values },
        });
    }
}
