using System.Diagnostics;
using Flannel.Benchmarks.Attaching;
using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Reporting;

namespace Flannel.Benchmarks;

/// <summary>Containers attached and detached: in this process, and by the plugins of Debian.</summary>
internal sealed class AttachBench : IBench
{
    private const double AttachGoal = 3;
    private const double PortGoal = 0.1;
    private const double CrowdGoal = 1500;
    private const double PluginGoal = 8;
    private const int FirstPort = 20000;

    // One after the other, in each round; and at once.
    private const int Single = 25;
    private static readonly int[] Crowds = [50, 250];

    public string Name => "attach";

    public string Subject => "containers attached and detached, beside Debian's bridge, host-local and portmap";

    public async Task RunAsync(int rounds, Report report, CancellationToken cancellationToken)
    {
        bool hasChain = PluginChain.IsThere;
        if (!hasChain)
            report.AddNote($"attach: nothing to compare with, because {PluginChain.Folder} has no plugins (Debian: containernetworking-plugins).");
        using var lab = new Lab();
        Dictionary<string, Times> times = [];
        // The first round is for the disk's cache and the compiler.
        for (int round = 0; round <= rounds; round++)
        {
            report.Progress(round == 0 ? "  warming up" : $"  round {round} of {rounds}");
            await MeasureAsync(
                lab, "ours", static (host, folder) => new OwnAttacher(host, Subnet, folder), round > 0 ? times : [], cancellationToken);
            if (hasChain)
            {
                await MeasureAsync(
                    lab, "chain", static (host, folder) => new PluginChain(host, Subnet, folder), round > 0 ? times : [], cancellationToken);
            }

            await PluginShare.MeasureAsync(lab, round > 0 ? times : [], cancellationToken);
        }

        foreach (string what in (string[])["attach", "detach"])
        {
            foreach (bool withPort in (bool[])[false, true])
            {
                string subject = $"{what} one container{(withPort ? " with a port" : "")}";
                Times ours = times[Key("ours", what, 1, withPort)];
                Times? chain = times.GetValueOrDefault(Key("chain", what, 1, withPort));
                bool isGoal = what == "attach";
                report.Add(Compare(
                    $"{subject}, median", ours.Each, chain?.Each, isGoal && !withPort ? "< 3 ms" : isGoal
                        && chain is not null ? "< 0.1 of the chain" : null,
                    isGoal
                        ? !withPort ? ours.Each.Median < AttachGoal : chain is null ? null : ours.Each.Median < PortGoal * chain.Each.Median
                        : null,
                    50));
                report.Add(Compare($"{subject}, 99th percentile", ours.Each, chain?.Each, null, null, 99));
            }
        }

        foreach (int count in Crowds)
        {
            foreach (string what in (string[])["attach", "detach"])
            {
                Times ours = times[Key("ours", what, count, withPort: false)];
                Times? chain = times.GetValueOrDefault(Key("chain", what, count, withPort: false));
                bool isGoal = count == 250 && what == "attach";
                report.Add(Compare(
                    $"{what} {count} at once, all", ours.All, chain?.All, isGoal ? "< 1.5 " +
                    "s" : null, isGoal ? ours.All.Median < CrowdGoal : null, 50));
                report.Add(Compare($"{what} {count} at once, each, median", ours.Each, chain?.Each, null, null, 50));
                report.Add(Compare($"{what} {count} at once, each, 99th percentile", ours.Each, chain?.Each, null, null, 99));
            }
        }

        if (times.GetValueOrDefault(PluginShare.Key) is { } share)
            report.Add(Compare("ADD by artifacts/cni/flannel, without its delegate", share.Each, null, "< 8 ms", share.Each.Median < PluginGoal, 50));
        else
            report.AddNote("attach: the plugin was not measured, because artifacts/cni/flannel is missing; `./build.sh publish` makes it.");
        report.AddNote(
            $"attach: {Single} containers one after the other and {string.Join(" and ", Crowds)} at once in each round, each a namespace that is " +
            "there already, one address of a /22 and a default route over a bridge. Ours: AttachAsync and DetachAsync of Flannel.Containers. The " +
            "chain: ADD and DEL of Debian's bridge with host-local, and portmap where there is a port, by CniRunner of Flannel.Cni. State files " +
            "of both are in memory or on disk alike.");
    }

    private const string Subnet = "10.7.0.0/22";

    private static string Key(string side, string what, int count, bool withPort) => $"{side} {what} {count} {withPort}";

    private static async Task MeasureAsync(
        Lab lab, string side, Func<LabHost, string, IAttacher> create, Dictionary<string, Times> times, CancellationToken cancellationToken)
    {
        string folder = Directory.CreateTempSubdirectory("flannel-bench-attach").FullName;
        using LabHost host = lab.Add("host");
        LabHost[] containers = [.. Enumerable.Range(0, Crowds[^1]).Select(_ => lab.Add("c"))];
        IAttacher attacher = create(host, folder);
        try
        {
            foreach (bool withPort in (bool[])[false, true])
            {
                await RunAsync(containers[..Single], 1, "attach", withPort, attacher.AttachAsync);
                await RunAsync(containers[..Single], 1, "detach", withPort, attacher.DetachAsync);
            }

            foreach (int count in Crowds)
            {
                await RunAsync(containers[..count], count, "attach", withPort: false, attacher.AttachAsync);
                await RunAsync(containers[..count], count, "detach", withPort: false, attacher.DetachAsync);
            }
        }
        finally
        {
            if (attacher is IAsyncDisposable disposable) await disposable.DisposeAsync();
            foreach (LabHost container in containers) container.Dispose();
            Directory.Delete(folder, recursive: true);
        }

        async Task RunAsync(LabHost[] some, int atOnce, string what, bool withPort, Func<LabHost, int?, CancellationToken, Task> act)
        {
            string key = Key(side, what, atOnce, withPort);
            if (!times.TryGetValue(key, out Times? found)) times.Add(key, found = new Times());
            double[] each = new double[some.Length];
            long started = Stopwatch.GetTimestamp();
            if (atOnce == 1)
            {
                for (int i = 0; i < some.Length; i++) await OneAsync(i);
            }
            else
            {
                await Task.WhenAll(Enumerable.Range(0, some.Length).Select(i => Task.Run(() => OneAsync(i), cancellationToken)));
            }

            found.All.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            foreach (double time in each) found.Each.Add(time);

            async Task OneAsync(int i)
            {
                long begin = Stopwatch.GetTimestamp();
                await act(some[i], withPort ? FirstPort + i : null, cancellationToken);
                each[i] = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
            }
        }
    }

    private static Result Compare(string subject, Sample ours, Sample? chain, string? goal, bool? isMet, double percent) => new()
    {
        Subject = subject,
        Ours = Quantity.Duration(ours.Percentile(percent)),
        Reference = chain is null ? null : $"{Quantity.Duration(chain.Percentile(percent))} (Debian's plugins)",
        Ratio = chain is null ? null : Quotient(ours.Percentile(percent), chain.Percentile(percent)),
        Goal = goal,
        IsMet = isMet,
        Figures = chain is null
            ? new Dictionary<string, IReadOnlyList<double>> { ["ours"] = ours.Values }
            : new Dictionary<string, IReadOnlyList<double>> { ["ours"] = ours.Values, ["chain"] = chain.Values },
    };

    private static Sample Quotient(double ours, double chain)
    {
        var ratio = new Sample();
        ratio.Add(ours / chain);
        return ratio;
    }
}
