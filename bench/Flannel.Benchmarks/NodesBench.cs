using System.Globalization;
using System.Net;
using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Overlays;
using Flannel.Benchmarks.Reporting;

namespace Flannel.Benchmarks;

/// <summary>Many nodes on one etcd.</summary>
internal sealed class NodesBench : IBench
{
    private static readonly int[] Counts = [100, 1000];

    public string Name => "nodes";

    public string Subject => "many subnet managers on one etcd: all acquire, watch, and see each other";

    public async Task RunAsync(int rounds, Report report, CancellationToken cancellationToken)
    {
        foreach (int count in Counts)
        {
            report.Progress($"  {Quantity.Count(count)} nodes");
            await MeasureAsync(count, report, cancellationToken);
        }

        report.AddNote(
            "nodes: subnet managers of one process, each with an etcd client and a TCP connection of its own, started " +
            $"{EtcdNodes.StartingTogether} at a time; one etcd beside them with its files in memory. Requests are counted by our metric, and by " +
            "etcd's own counter in parentheses. The memory is the growth of the process from before the first node until all know each other, " +
            "the leases that each node holds included.");
    }

    private static async Task MeasureAsync(int count, Report report, CancellationToken cancellationToken)
    {
        using var lab = new Lab();
        using EtcdUnderTest etcd = await EtcdUnderTest.StartAsync(null, IPAddress.Loopback, cancellationToken);
        await etcd.PutConfigAsync(EtcdUnderTest.Prefix, Peer.NetworkConfig, cancellationToken);
        double requestsBefore = await etcd.CountRequestsAsync(cancellationToken);
        double memoryBefore = ResidentMegabytes();

        await using var nodes = new EtcdNodes(etcd.Endpoint, count);
        (double acquired, double complete) = await nodes.StartAsync(cancellationToken);

        double perNode = (ResidentMegabytes() - memoryBefore) * 1000 / count;
        double counted = (await etcd.CountRequestsAsync(cancellationToken) - requestsBefore) / count;
        var requests = new Sample();
        foreach (int number in nodes.Requests) requests.Add(number);

        string nodesText = $"{Quantity.Count(count)} nodes on one etcd";
        report.Add(new Result
        {
            Subject = $"{nodesText}: all see each other",
            Ours = $"{Quantity.Duration(complete)} (all have a lease after {Quantity.Duration(acquired)})",
            Figures = new Dictionary<string, IReadOnlyList<double>> { ["acquired_ms"] = [acquired], ["complete_ms"] = [complete] },
        });
        report.Add(new Result
        {
            Subject = $"{nodesText}: requests per node",
            Ours = string.Create(
                CultureInfo.InvariantCulture,
                $"median {requests.Median}, p99 {requests.Percentile(99):0.#}, most {requests.Highest}, {nodes.Refusals} tries again (etcd: " +
                $"{counted:0.00})"),
            Figures = new Dictionary<string, IReadOnlyList<double>> { ["requests"] = requests.Values },
        });
        report.Add(new Result
        {
            Subject = $"{nodesText}: memory",
            Ours = $"{Quantity.Round(perNode)} kB per node, etcd {Quantity.Round(etcd.ResidentMegabytes)} MB",
            Figures = new Dictionary<string, IReadOnlyList<double>> { ["node_kb"] = [perNode], ["etcd_mb"] = [etcd.ResidentMegabytes] },
        });
    }

    private static double ResidentMegabytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.WorkingSet64 / 1e6;
    }
}
