using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Overlays;
using Flannel.Benchmarks.Reporting;
using OverlayBench.Measures;
using OverlayBench.Paths;
using OverlayBench.Reporting;

namespace OverlayBench;

/// <summary>The paths side by side, and the measures one after the other: each takes turns on all paths before the next round begins.</summary>
/// <param name="options">What to measure, and how often.</param>
/// <param name="report">Where the results go.</param>
internal sealed class OverlayRun(OverlayOptions options, OverlayReport report)
{
    private const string Vxlan = "VXLAN";
    private const string OurUdp = OverlayReport.Ours;
    private const string PeerUdp = "peer udp";
    private const int ManyPeers = 5000;

    private readonly List<OverlayPath> _paths = [];

    /// <summary>Measures everything that was asked for.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        string? peer = Flanneld.Programs().Peer;
        using var lab = new Lab();
        try
        {
            _paths.Add(new RoutedPath(lab));
            _paths.Add(new NodesPath(lab, Vxlan, "vxlan"));
            _paths.Add(new NodesPath(lab, OurUdp, "udp"));
            if (peer is not null) _paths.Add(new PeerPath(lab, peer));
            foreach (OverlayPath path in _paths)
            {
                report.Progress($"starting {path.Name}");
                await path.StartAsync(cancellationToken);
            }

            report.Compare(_paths.Select(static path => path.Name));
            await MeasureSectionsAsync(cancellationToken);
        }
        finally
        {
            foreach (OverlayPath path in _paths.AsEnumerable().Reverse()) await path.DisposeAsync();
        }

        Explain(peer is not null);
    }

    private async Task MeasureSectionsAsync(CancellationToken cancellationToken)
    {
        int seconds = options.Seconds;
        if (options.Wants("tcp"))
        {
            Goal[] goals = [new Goal(Vxlan, 0.6), new Goal(PeerUdp, 9)];
            foreach (TcpDirection direction in Enum.GetValues<TcpDirection>())
            {
                await MeasureAsync(new TcpMeasure(1, direction, seconds) { Goals = direction == TcpDirection.Both ? [] : goals }, cancellationToken);
                await MeasureAsync(new TcpMeasure(4, direction, seconds), cancellationToken);
            }
        }

        if (options.Wants("cpu")) await MeasureAsync(new CpuMeasure(seconds) { Goals = [new Goal(PeerUdp, 0.2)] }, cancellationToken);
        if (options.Wants("datagrams"))
        {
            await MeasureAsync(new DatagramMeasure(64, seconds) { Goals = [new Goal(Vxlan, 1), new Goal(PeerUdp, 3)] }, cancellationToken);
            await MeasureAsync(new DatagramMeasure(1400, seconds), cancellationToken);
        }

        if (options.Wants("round-trip"))
        {
            await MeasureAsync(new RoundTripMeasure(isLoaded: false, seconds) { Goals = [new Goal(PeerUdp, 0.6)] }, cancellationToken);
            await MeasureAsync(new RoundTripMeasure(isLoaded: true, seconds), cancellationToken);
        }

        if (options.Wants("garbage")) await MeasureGarbageAsync(cancellationToken);
        if (options.Wants("no-offload")) await MeasureWithoutSegmentationAsync(cancellationToken);
        if (options.Wants("peers")) await MeasureWithPeersAsync(cancellationToken); // last: the peers stay
    }

    private async Task MeasureWithoutSegmentationAsync(CancellationToken cancellationToken)
    {
        const string Condition = ", no off-load";
        foreach (OverlayPath path in _paths) path.SetSegmentation(isAllowed: false);
        await MeasureAsync(new TcpMeasure(1, TcpDirection.There, options.Seconds, Condition), cancellationToken);
        await MeasureAsync(new TcpMeasure(4, TcpDirection.There, options.Seconds, Condition), cancellationToken);
        await MeasureAsync(new CpuMeasure(options.Seconds, Condition), cancellationToken);
        foreach (OverlayPath path in _paths) path.SetSegmentation(isAllowed: true);
    }

    private async Task MeasureWithPeersAsync(CancellationToken cancellationToken)
    {
        string condition = $", {Quantity.Count(ManyPeers)} peers";
        foreach (OverlayPath path in _paths)
        {
            report.Progress($"adding {Quantity.Count(ManyPeers)} peers to {path.Name}");
            await path.AddPeersAsync(ManyPeers, cancellationToken);
        }

        await MeasureAsync(new TcpMeasure(1, TcpDirection.There, options.Seconds, condition), cancellationToken);
        await MeasureAsync(new DatagramMeasure(64, options.Seconds, condition), cancellationToken);
        await MeasureAsync(new RoundTripMeasure(isLoaded: false, options.Seconds, condition), cancellationToken);
    }

    private async Task MeasureGarbageAsync(CancellationToken cancellationToken)
    {
        await MeasureAsync(new GarbageMeasure(options.GarbageSeconds), [_paths.Single(static path => path.Name == OurUdp)], cancellationToken);
        report.AddNote("What is allocated in .NET is the whole process's, in which our nodes run with all that keeps leases and devices in order.");
    }

    private Task MeasureAsync(IMeasure measure, CancellationToken cancellationToken) => MeasureAsync(measure, _paths, cancellationToken);

    private async Task MeasureAsync(IMeasure measure, List<OverlayPath> paths, CancellationToken cancellationToken)
    {
        IReadOnlyList<OverlayRow> rows = [.. measure.Figures.Select(report.Add)];
        for (int round = 0; round < options.Rounds; round++)
        {
            report.Progress($"{measure.Figures[0].Name}, round {round + 1} of {options.Rounds}");
            for (int turn = 0; turn < paths.Count; turn++)
            {
                OverlayPath path = paths[(turn + round) % paths.Count]; // none is always the first
                double[] values = await measure.MeasureAsync(path.Pods, cancellationToken);
                foreach ((OverlayRow row, double value) in rows.Zip(values)) row.Add(path.Name, value);
            }
        }
    }

    private void Explain(bool hasPeer)
    {
        report.AddNote(
            $"Two hosts joined by veth of MTU {ContainerPair.UnderlayMtu}, a container behind each, forwarded by its host; both hosts, both " +
            "containers and the load on the same cores. veth is routes without an overlay, VXLAN is the kernel's, set up by our node.");
        if (hasPeer) report.AddNote("peer udp is the udp backend of the program that PEER_FLANNELD names, with etcd.");
        report.AddNote(
            $"TCP by iperf3, {options.Seconds} s after one that does not count; \"back\" is sent by the container that was connected to, \"each " +
            "way\" is the sum of both. CPU is the time for which processors of the whole machine were not idle. UDP is sent by one thread " +
            "without a pause and counted on the device of the container that it is for. Round trips are one datagram of 64 bytes after the other.");
        report.AddNote(
            "\"no off-load\": the devices between the hosts take one segment at a time (gso_max_segs 1), so that the kernel has to split " +
            "before them.");
    }
}
