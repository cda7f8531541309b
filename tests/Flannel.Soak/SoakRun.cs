using System.Diagnostics;
using System.Globalization;
using Flannel.Soak.Agents;
using Flannel.Soak.Faults;
using Flannel.Soak.Probes;
using Flannel.Soak.Reports;

namespace Flannel.Soak;

/// <summary>Breaks one thing after the other and looks whether everything is as it was, and which packets were lost.</summary>
internal sealed class SoakRun(SoakCluster cluster, SoakOptions options, TextWriter output)
{
    private const int Undisturbed = 2;
    private const int MoreKilobytes = 12 * 1024;
    private const int MoreThreads = 4;
    private const int MoreDescriptors = 10;
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(20);

    /// <summary>
    /// What waits in an agent's queue when it is killed is lost by that, too: on a busy machine, for longer than a round. Where the kernel carries
    /// packets, none waits for an agent.
    /// </summary>
    private static readonly long Queued = Stopwatch.Frequency / 10;

    private readonly SoakReport _report = new();
    private readonly Random _random = new(options.Seed);
    private readonly Fault[] _faults =
        [.. new FaultCatalog(cluster, options).All().Where(fault => fault.Name.Contains(options.Only, StringComparison.Ordinal))];
    private readonly List<(int From, int To, int? Agent)> _excused = []; // rounds, and whose packets; no agent: nobody's

    private ProbeMesh Mesh => cluster.Mesh!;

    /// <summary>Runs for as long as the options say, or until it is stopped.</summary>
    public async Task<SoakReport> RunAsync(CancellationToken stop)
    {
        long began = Stopwatch.GetTimestamp();
        output.WriteLine(
            $"{options.Hosts} hosts, {options.Backend}, etcd of three members; faults drawn by seed {options.Seed} for " +
            $"{options.Duration.TotalMinutes:0} minutes");
        if (await SettleAsync() is { } problem) _report.Violations.Add($"before the first fault: {problem}");
        int first = Mesh.Rounds;
        await Task.Delay(WarmUp, CancellationToken.None);
        ProcessSample[] samples = [.. cluster.Agents.Take(Undisturbed).Select(static agent => agent.Sample())];
        var deck = new Queue<Fault>();
        while (Stopwatch.GetElapsedTime(began) < options.Duration && !stop.IsCancellationRequested)
        {
            if (deck.Count == 0) deck = new Queue<Fault>(Shuffle(_faults));
            await BreakAsync(deck.Dequeue(), Stopwatch.GetElapsedTime(began));
        }

        await WaitForRoundAsync(Mesh.Rounds);
        CountLosses(first, Mesh.Settled);
        FollowAgents(samples);
        return _report;
    }

    private async Task BreakAsync(Fault fault, TimeSpan at)
    {
        int host = fault.Needs == Target.Disturbable ? _random.Next(Undisturbed, cluster.Agents.Count) : _random.Next(cluster.Agents.Count);
        SoakAgent agent = cluster.Agents[host];
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{at.TotalSeconds,7:0.0} s  " +
                $"{FaultCatalog.Describe(fault)}{(fault.Needs == Target.None ? "" : $", {agent.Host.NamespaceName}")}"));
        long injected = Stopwatch.GetTimestamp();
        int first = options.AgentsCarryPackets ? Mesh.RoundAt(injected - Queued) : Mesh.Rounds;
        string? broken = await fault.RunAsync(agent, _random);
        if (broken is not null) _report.Violations.Add($"{fault.Name}: {broken}");
        long released = fault.Holds ? Stopwatch.GetTimestamp() : injected;
        string? problem = await SettleAsync();
        TimeSpan settled = Stopwatch.GetElapsedTime(released);
        if (problem is not null) _report.Violations.Add($"{fault.Name}: {SettleLimit.TotalSeconds:0} s later {problem}");

        int end = Mesh.Rounds;
        await WaitForRoundAsync(end);
        int lost = 0;
        int last = first;
        if (fault.Loses)
        {
            _excused.Add((first, end, host));
            foreach ((int from, int to) in Pairs().Where(pair => pair.From == host || pair.To == host))
            {
                foreach (int round in Mesh.Lost(from, to, first, end))
                {
                    lost++;
                    last = Math.Max(last, round);
                }
            }
        }

        TimeSpan repair = lost == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(released, Math.Max(released, Mesh.SentAt(last)));
        _report.Faults.Add(new FaultRecord(fault, repair, lost, settled));
        if (fault.Loses && repair > TimeSpan.Zero && lost > 0 && last >= end - 2)
            _report.Violations.Add($"{fault.Name}: packets are still lost {repair.TotalSeconds:0.0} s later");
    }

    /// <returns>What is still wrong after the limit, or <see langword="null"/>.</returns>
    private async Task<string?> SettleAsync()
    {
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            string? problem;
            try
            {
                problem = await cluster.FindProblemAsync();
                if (problem is null) return null;
            }
            catch (Exception exception) when (
                exception is InvalidOperationException or IOException or TimeoutException or OperationCanceledException
                    or Flannel.Netlink.NetlinkException)
            {
                problem = exception.Message; // etcd has no leader, a device went while it was looked at
            }

            if (Stopwatch.GetElapsedTime(began) > SettleLimit) return problem;
            await Task.Delay(Look);
        }
    }

    /// <summary>Waits until every packet of a round has arrived or had the time to.</summary>
    private async Task WaitForRoundAsync(int round)
    {
        while (Mesh.Settled < round) await Task.Delay(Look);
    }

    private void CountLosses(int first, int end)
    {
        foreach ((int from, int to) in Pairs())
        {
            _report.Sent += end - first;
            int[] lost = [.. Mesh.Lost(from, to, first, end).Where(
                round => !_excused.Exists(excuse => round >= excuse.From && round < excuse.To && (excuse.Agent == from || excuse.Agent == to)))];
            if (lost.Length == 0) continue;
            _report.LostOutside += lost.Length;
            _report.Violations.Add(
                $"{lost.Length} packets from {cluster.Agents[from].Host.NamespaceName} to {cluster.Agents[to].Host.NamespaceName} were lost, the " +
                $"first {Stopwatch.GetElapsedTime(Mesh.SentAt(first), Mesh.SentAt(lost[0])).TotalSeconds:0.0} s after the start, though nothing " +
                "was broken that they depend on");
        }
    }

    private void FollowAgents(ProcessSample[] samples)
    {
        for (int i = 0; i < samples.Length; i++)
        {
            ProcessSample last = cluster.Agents[i].Sample();
            _report.Agents.Add((samples[i], last));
            if (last.Process != samples[i].Process)
                _report.Violations.Add($"the agent of {cluster.Agents[i].Host.NamespaceName} is another process, though nobody touched it");
            if (last.ResidentKilobytes > samples[i].ResidentKilobytes + MoreKilobytes) _report.Violations.Add("an agent's memory grows");
            if (last.Threads > samples[i].Threads + MoreThreads) _report.Violations.Add("an agent's threads grow");
            if (last.Descriptors > samples[i].Descriptors + MoreDescriptors)
                _report.Violations.Add($"an agent's descriptors grow: {samples[i].Kinds}, then {last.Kinds}");
        }
    }

    private IEnumerable<(int From, int To)> Pairs() =>
        from sender in Enumerable.Range(0, Mesh.Count)
        from receiver in Enumerable.Range(0, Mesh.Count)
        where sender != receiver
        select (sender, receiver);

    private Fault[] Shuffle(Fault[] faults)
    {
        Fault[] shuffled = [.. faults];
        _random.Shuffle(shuffled);
        return shuffled;
    }
}
