using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Overlays;
using Flannel.Benchmarks.Reporting;

namespace Flannel.Benchmarks;

/// <summary>From a lease put into etcd to the route in the kernel, over a whole flanneld.</summary>
internal sealed class PutBench : IBench
{
    private const int Events = 1000;
    private const int WarmUp = 300;

    public string Name => "put";

    public string Subject => "a lease put into etcd until flanneld has installed its route";

    public async Task RunAsync(int rounds, Report report, CancellationToken cancellationToken)
    {
        (string? ours, string? peer) = Flanneld.Programs();
        if (ours is null)
        {
            report.AddNote("put: not measured, because artifacts/flanneld/flanneld is missing; `./build.sh publish` makes it.");
            return;
        }

        using var lab = new Lab();
        await using Side ourSide = await Side.StartAsync(lab, "ours", ours, cancellationToken);
        await using Side? peerSide = peer is null ? null : await Side.StartAsync(lab, "peer", peer, cancellationToken);
        for (int number = 0; number < WarmUp + Events; number++)
        {
            var added = new Peer(number);
            await ourSide.PutAsync(added, number >= WarmUp, cancellationToken);
            if (peerSide is not null) await peerSide.PutAsync(added, number >= WarmUp, cancellationToken);
        }

        report.Add(Compare("lease put into etcd to route installed", ourSide.Routes, ourSide.Told, "etcd's watch alone"));
        if (peerSide is not null) report.Add(Compare("lease put into etcd to route installed", ourSide.Routes, peerSide.Routes, "PEER_FLANNELD"));
        report.AddNote(
            $"put: {Quantity.Count(Events)} leases one by one after {Quantity.Count(WarmUp)} for warming up, from before the put (over etcd's " +
            "JSON gateway) until a socket of the bench's own is told of the route; the reference is when a watch of the bench's own is told of " +
            "the same put.");
    }

    private static Result Compare(string subject, Sample ours, Sample reference, string what) => new()
    {
        Subject = subject,
        Ours = Describe(ours),
        Reference = $"{Describe(reference)} ({what})",
        Ratio = ours.OverMedian(reference),
        Figures = new Dictionary<string, IReadOnlyList<double>> { ["ours_ms"] = ours.Values, ["reference_ms"] = reference.Values },
    };

    private static string Describe(Sample sample) =>
        $"p50 {Quantity.Duration(sample.Median)}, p99 {Quantity.Duration(sample.Percentile(99))}, max {Quantity.Duration(sample.Highest)}";

    /// <summary>One program on a host beside an etcd of its own.</summary>
    private sealed class Side(EtcdLab lab, Flanneld flanneld, RouteWatch routes, EtcdWatch watch) : IAsyncDisposable
    {
        public Sample Routes { get; } = new();

        public Sample Told { get; } = new();

        public static async Task<Side> StartAsync(Lab all, string role, string program, CancellationToken cancellationToken)
        {
            EtcdLab lab = await EtcdLab.StartAsync(all, role, cancellationToken);
            await lab.Etcd.PutConfigAsync(EtcdUnderTest.Prefix, Peer.NetworkConfig, cancellationToken);
            // else it might draw a subnet of a peer to come
            await lab.Etcd.PutLeasesAsync(EtcdUnderTest.Prefix, [Peer.Own(LabHost.LoneAddress).Lease], cancellationToken);
            LabHost host = lab.AddHost(role);
            var flanneld = new Flanneld(program, host, lab.Etcd, EtcdUnderTest.Prefix);
            await flanneld.WaitForSubnetFileAsync(cancellationToken);
            EtcdWatch watch = await lab.Etcd.WatchAsync(EtcdUnderTest.Prefix, cancellationToken);
            return new Side(lab, flanneld, new RouteWatch(host, cancellationToken), watch);
        }

        public async Task PutAsync(Peer peer, bool counts, CancellationToken cancellationToken)
        {
            Task put = Task.CompletedTask;
            Task<double> told = Task.FromResult(0.0);
            double installed = await routes.TimeAsync(peer.Subnet, () =>
            {
                told = watch.TimeNextAsync(cancellationToken);
                put = lab.Etcd.PutLeasesAsync(EtcdUnderTest.Prefix, [peer.Lease], cancellationToken);
            });
            await put;
            if (counts) Routes.Add(installed);
            if (counts) Told.Add(await told);
            else await told;
        }

        public async ValueTask DisposeAsync()
        {
            watch.Dispose();
            await routes.DisposeAsync();
            flanneld.Dispose();
            lab.Dispose();
        }
    }
}
