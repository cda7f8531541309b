using System.Globalization;
using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Overlays;
using Flannel.Benchmarks.Reporting;

namespace Flannel.Benchmarks;

/// <summary>flanneld on a Kubernetes cluster of a thousand Nodes.</summary>
internal sealed class KubernetesBench : IBench
{
    private const int Peers = 1000;
    private const double StartGoal = 500;
    private const double MemoryGoal = 40;

    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    public string Name => "kubernetes";

    public string Subject => "flanneld on a cluster of 1,000 Nodes of 18 KB: started until it has all routes, its memory, its requests";

    public async Task RunAsync(int rounds, Report report, CancellationToken cancellationToken)
    {
        if (Flanneld.Programs().Ours is not { } program)
        {
            report.AddNote("kubernetes: not measured, because artifacts/flanneld/flanneld is missing; `./build.sh publish` makes it.");
            return;
        }

        using var lab = new Lab();
        Peer[] peers = [.. Peer.Make(Peers)];
        using ApiUnderTest api = ApiUnderTest.Start(lab, peers);
        string config = Path.Combine(Lab.Directory, "net-conf.json");
        await File.WriteAllTextAsync(config, """{"Network":"10.0.0.0/8","Backend":{"Type":"vxlan"}}""", cancellationToken);
        var (start, memory, peak, requests, seconds) = (new Sample(), new Sample(), new Sample(), new Sample(), new Sample());
        int watches = 0;
        // The first round is for the disk's cache.
        for (int round = 0; round <= rounds; round++)
        {
            report.Progress(round == 0 ? "  warming up" : $"  round {round} of {rounds}");
            api.Reset();
            using LabHost host = api.AddHost("node");
            await using var routes = new RouteWatch(host, cancellationToken);
            using var flanneld = new Flanneld(program, host, config, ApiUnderTest.OwnName, $"{ApiUnderTest.Endpoint}");
            await routes.WaitForAsync(peers.Select(static known => known.Subnet));
            double elapsed = flanneld.Elapsed();
            await Task.Delay(Rest, cancellationToken);
            if (round == 0) continue;

            start.Add(elapsed);
            memory.Add(flanneld.ResidentMegabytes());
            peak.Add(flanneld.PeakMegabytes());
            requests.Add(api.Requests.Count);
            watches = api.Requests.Count(static request => request.Verb == "watch");
            foreach ((_, string query) in api.Requests.Where(static request => request.Verb == "watch")) seconds.Add(SecondsOf(query));
        }

        string subject = $"flanneld, {Quantity.Count(Peers)} Nodes of {ApiUnderTest.NodeBytes / 1000} KB";
        report.Add(Describe($"{subject}: started to last route", start, Quantity.Duration, "0.5 s", StartGoal));
        report.Add(Describe($"{subject}: resident memory a second later", memory, Megabytes, "40 MB", MemoryGoal));
        report.Add(Describe($"{subject}: most memory so far", peak, Megabytes, null, 0));
        double hourly = watches * 3600 / seconds.Median;
        report.Add(new Result
        {
            Subject = $"{subject}: requests",
            Ours = string.Create(CultureInfo.InvariantCulture, $"{requests.Median} for the start, then {Quantity.Round(hourly)} per hour"),
            Figures = new Dictionary<string, IReadOnlyList<double>> { ["start"] = requests.Values, ["watch_seconds"] = seconds.Values },
        });
        report.AddNote(
            "kubernetes: the published program in a namespace of its own, joined by veth to a stand-in of the API server, which answers from " +
            "memory over HTTP without TLS: the own Node, one list of all Nodes, a watch. From before the program is started until a socket of the " +
            "bench's own was told of the last route. The requests of a quiet hour follow from how long the watches ask to be kept open.");
    }

    private static Result Describe(string subject, Sample sample, Func<double, string> format, string? goal, double limit) => new()
    {
        Subject = subject,
        Ours = $"{format(sample.Median)} ({format(sample.Lowest)} to {format(sample.Highest)})",
        Goal = goal is null ? null : $"< {goal}",
        IsMet = goal is null ? null : sample.Median < limit,
        Figures = new Dictionary<string, IReadOnlyList<double>> { ["ours"] = sample.Values },
    };

    private static double SecondsOf(string query)
    {
        const string Key = "timeoutSeconds=";
        int index = query.IndexOf(Key, StringComparison.Ordinal);
        if (index < 0) throw new BenchException($"A watch says not how long it wants to be kept open: {query}");
        return double.Parse(string.Concat(query[(index + Key.Length)..].TakeWhile(char.IsAsciiDigit)), CultureInfo.InvariantCulture);
    }

    private static string Megabytes(double value) => $"{Quantity.Round(value)} MB";
}
