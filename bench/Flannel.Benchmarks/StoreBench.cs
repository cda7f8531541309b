using System.Diagnostics;
using System.Net;
using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Overlays;
using Flannel.Benchmarks.Reporting;
using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Benchmarks;

/// <summary>What a request and a change cost through the etcd store.</summary>
internal sealed class StoreBench : IBench
{
    private const int Reads = 3000;
    private const int Writes = 1500;
    private const int WarmUp = 1000;
    private const string Network = "bench";

    public string Name => "store";

    public string Subject => "a read of etcd through the store, and a write until the store's watch tells of it";

    public async Task RunAsync(int rounds, Report report, CancellationToken cancellationToken)
    {
        using var etcd = await EtcdUnderTest.StartAsync(host: null, IPAddress.Loopback, cancellationToken);
        await using ServiceProvider provider = new ServiceCollection()
            .AddFlannel(Network).UseEtcd(options => options.Endpoints = [etcd.Endpoint]).Services.BuildServiceProvider();
        var store = provider.GetRequiredKeyedService<ILeaseStore>(Network);
        byte[] document = new Peer(0).Lease.Attributes.ToUtf8Json();
        StoredEntry entry = (await store.CreateAsync("10.5.1.0-24", document, timeToLive: null, cancellationToken)).Entry!;

        (Sample reads, double allocated) = await ReadAsync(store, cancellationToken);
        report.Add(new Result
        {
            Subject = "list of one lease in etcd",
            Ours = $"p50 {Quantity.Duration(reads.Median)}, p99 {Quantity.Duration(reads.Percentile(99))}, {Quantity.Round(allocated)} kB allocated",
            Figures = new Dictionary<string, IReadOnlyList<double>> { ["ours_ms"] = reads.Values, ["ours_kb"] = [allocated] },
        });

        Sample writes = await WriteAsync(store, entry, document, cancellationToken);
        report.Add(new Result
        {
            Subject = "lease written to etcd until the watch tells",
            Ours = $"p50 {Quantity.Duration(writes.Median)}, p99 {Quantity.Duration(writes.Percentile(99))}",
            Figures = new Dictionary<string, IReadOnlyList<double>> { ["ours_ms"] = writes.Values },
        });
        report.AddNote(
            $"store: {Quantity.Count(Reads)} linearizable reads and {Quantity.Count(Writes)} writes one after the other, after " +
            $"{Quantity.Count(WarmUp)} of each for warming up; the memory is all that the process allocated meanwhile, per read.");
    }

    private static async Task<(Sample Milliseconds, double Kilobytes)> ReadAsync(ILeaseStore store, CancellationToken cancellationToken)
    {
        var times = new Sample();
        long before = 0;
        for (int number = -WarmUp; number < Reads; number++)
        {
            if (number == 0) before = GC.GetTotalAllocatedBytes(precise: true);
            long start = Stopwatch.GetTimestamp();
            await store.ListAsync(null, cancellationToken);
            if (number >= 0) times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return (times, (GC.GetTotalAllocatedBytes(precise: true) - before) / 1e3 / Reads);
    }

    private static async Task<Sample> WriteAsync(ILeaseStore store, StoredEntry entry, byte[] document, CancellationToken cancellationToken)
    {
        var times = new Sample();
        await using IAsyncEnumerator<StoreEvent> watch = store.WatchAsync(entry.ModRevision, cancellationToken).GetAsyncEnumerator(cancellationToken);
        for (int number = -WarmUp; number < Writes; number++)
        {
            long start = Stopwatch.GetTimestamp();
            Task<StoreWriteResult> write = store.UpdateAsync(entry, document, TimeSpan.FromHours(1), cancellationToken);
            do
            {
                if (!await watch.MoveNextAsync()) throw new BenchException("the store ended the watch.");
            }
            while (watch.Current.Revision <= entry.ModRevision);

            if (number >= 0) times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            entry = (await write).Entry ?? throw new BenchException("etcd lost the lease of the bench.");
        }

        return times;
    }
}
