using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Overlays;
using Flannel.Benchmarks.Reporting;

namespace Flannel.Benchmarks;

/// <summary>How soon a flanneld is there, on an empty network and on one of thousands of hosts.</summary>
internal sealed class StartBench : IBench
{
    private const int Peers = 5000;
    private const double StartGoal = 70;
    private const double RoutesGoal = 300;
    private const double MemoryGoal = 36;
    private const double FileGoal = 17;

    // What a start leaves behind is collected once the node is ready, which it is after the last route.
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    private int _networks;

    public string Name => "start";

    public string Subject => "flanneld started until its subnet file is written, and until it has the routes to thousands of peers";

    public async Task RunAsync(int rounds, Report report, CancellationToken cancellationToken)
    {
        (string? ours, string? peer) = Flanneld.Programs();
        if (ours is null)
        {
            report.AddNote("start: not measured, because artifacts/flanneld/flanneld is missing; `./build.sh publish` makes it.");
            return;
        }

        using var lab = new Lab();
        using EtcdLab oursLab = await EtcdLab.StartAsync(lab, "ours", cancellationToken);
        using EtcdLab peerLab = await EtcdLab.StartAsync(lab, "peer", cancellationToken);
        Peer[] peers = [.. Peer.Make(Peers)];
        var (oursRuns, peerRuns) = (new Runs(), new Runs());
        // The first round is for the disk's cache.
        for (int round = 0; round <= rounds; round++)
        {
            report.Progress(round == 0 ? "  warming up" : $"  round {round} of {rounds}");
            await MeasureAsync(ours, oursLab, peers, round > 0 ? oursRuns : new Runs(), cancellationToken);
            if (peer is not null) await MeasureAsync(peer, peerLab, peers, round > 0 ? peerRuns : new Runs(), cancellationToken);
        }

        bool hasPeer = peer is not null;
        report.Add(Compare("flanneld: started to subnet file written", oursRuns.Start, hasPeer ? peerRuns.Start : null, "70 " +
            "ms", StartGoal, Quantity.Duration));
        report.Add(Compare(
            $"flanneld: started to last route, {Quantity.Count(Peers)} leases in etcd", oursRuns.Routes, hasPeer ? peerRuns.Routes : null, "300 " +
            "ms", RoutesGoal, Quantity.Duration));
        report.Add(Compare(
            $"flanneld: resident memory a second later, {Quantity.Count(Peers)} leases",
            oursRuns.Memory, hasPeer ? peerRuns.Memory : null, "36 MB", MemoryGoal, Megabytes));
        report.Add(Compare("flanneld: most memory so far", oursRuns.Peak, hasPeer ? peerRuns.Peak : null, null, 0, Megabytes));
        report.Add(Compare("flanneld: size of its file", SizeOf(ours), hasPeer ? SizeOf(peer!) : null, "17 MB", FileGoal, Megabytes));
        report.AddNote(
            "start: the published program in a namespace of its own, etcd with its files in memory in another, joined by veth; a fresh namespace " +
            "and a fresh network for each start; from before the program is started (through nsenter), until its subnet file is seen (looked for " +
            "every millisecond), or until a socket of the bench's own was told of the last route. VXLAN, no masquerading. The memory is what the " +
            "kernel counts as resident, files included.");
    }

    private async Task MeasureAsync(string program, EtcdLab lab, Peer[] peers, Runs runs, CancellationToken cancellationToken)
    {
        string prefix = await NewNetworkAsync(lab.Etcd, [], cancellationToken);
        using (LabHost host = lab.AddHost("node"))
        using (var flanneld = new Flanneld(program, host, lab.Etcd, prefix))
            runs.Start.Add(await flanneld.WaitForSubnetFileAsync(cancellationToken));

        prefix = await NewNetworkAsync(lab.Etcd, peers, cancellationToken);
        using (LabHost host = lab.AddHost("node"))
        {
            await using var routes = new RouteWatch(host, cancellationToken);
            using var flanneld = new Flanneld(program, host, lab.Etcd, prefix);
            await routes.WaitForAsync(peers.Select(static known => known.Subnet));
            runs.Routes.Add(flanneld.Elapsed());
            await Task.Delay(Rest, cancellationToken);
            runs.Memory.Add(flanneld.ResidentMegabytes());
            runs.Peak.Add(flanneld.PeakMegabytes());
        }
    }

    private async Task<string> NewNetworkAsync(EtcdUnderTest etcd, IEnumerable<Peer> peers, CancellationToken cancellationToken)
    {
        string prefix = $"/bench/{++_networks}";
        await etcd.PutConfigAsync(prefix, Peer.NetworkConfig, cancellationToken);
        await etcd.PutLeasesAsync(prefix, peers.Select(static peer => peer.Lease), cancellationToken);
        return prefix;
    }

    private static Result Compare(string subject, Sample ours, Sample? peer, string? goal, double limit, Func<double, string> format) => new()
    {
        Subject = subject,
        Ours = Describe(ours, format),
        Reference = peer is null ? null : $"{Describe(peer, format)} (PEER_FLANNELD)",
        Ratio = peer is null ? null : ours.Over(peer),
        Goal = goal is null ? null : $"< {goal}",
        IsMet = goal is null ? null : ours.Median < limit,
        Figures = peer is null
            ? new Dictionary<string, IReadOnlyList<double>> { ["ours"] = ours.Values }
            : new Dictionary<string, IReadOnlyList<double>> { ["ours"] = ours.Values, ["peer"] = peer.Values },
    };

    private static Sample SizeOf(string program)
    {
        var size = new Sample();
        size.Add(new FileInfo(program).Length / 1e6);
        return size;
    }

    private static string Describe(Sample sample, Func<double, string> format) =>
        $"{format(sample.Median)} ({format(sample.Lowest)} to {format(sample.Highest)})";

    private static string Megabytes(double value) => $"{Quantity.Round(value)} MB";

    private sealed class Runs
    {
        public Sample Start { get; } = new();

        public Sample Routes { get; } = new();

        public Sample Memory { get; } = new();

        public Sample Peak { get; } = new();
    }
}
