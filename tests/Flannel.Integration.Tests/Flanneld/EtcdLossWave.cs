using System.Diagnostics;
using System.Globalization;
using System.Net;
using Flannel.Lab.Etcd;
using Flannel.Lab.Namespaces;

namespace Flannel.Integration.Tests.Flanneld;

/// <summary>
/// Agents on hosts of their own that lose etcd soon after they are ready and find it empty afterwards. Most must get their leases back; the others
/// are asked to end at one of the moments on the way, which they must do in time.
/// </summary>
internal sealed class EtcdLossWave : IAsyncDisposable
{
    /// <summary>How many agents are asked to end on the way.</summary>
    public const int Quitters = 3;

    private const int HealthPort = 8081;
    private const string Well = "flanneld is ready"; // and no reason to be unwell
    private const string Kept = "left the store together"; // an empty etcd has lost all of them, and those that were ended do not come back
    private const string Root = "/coreos.com/network/";
    private const string Config = """{"Network":"10.5.0.0/16","Backend":{"Type":"alloc"}}""";
    private const string NewcomerDocument = """{"PublicIP":"192.168.100.251","PublicIPv6":null}""";

    private static readonly TimeSpan ReturnLimit = TimeSpan.FromSeconds(15);

    // An agent ends within 5 s; the slowest is printed. A busy machine alone may take longer.
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(15);

    private readonly EtcdServer _etcd;
    private readonly int _seed;
    private readonly Random _random;
    private readonly List<StressedAgent> _agents;
    private readonly List<string> _failures = [];
    private readonly List<string> _notes = [];
    private TimeSpan _slowestStop;

    /// <summary>Prepares one.</summary>
    /// <param name="hosts">One per agent.</param>
    /// <param name="etcd">A single member that all of them reach; its data goes.</param>
    /// <param name="seed">What decides on every pause; even seeds make etcd stay away until every agent says so.</param>
    public EtcdLossWave(IReadOnlyList<LabHost> hosts, EtcdServer etcd, int seed)
    {
        (_etcd, _seed, _random) = (etcd, seed, new Random(seed));
        _agents =
        [
            .. hosts.Take(Quitters).Select(host => new StressedAgent(host, (StopMoment)_random.Next((int)StopMoment.AfterReturn))),
            .. hosts.Skip(Quitters).Select(static host => new StressedAgent(host, StopMoment.AfterReturn)),
        ];
    }

    /// <summary>What went wrong, one per agent and kind.</summary>
    public IReadOnlyList<string> Failures => _failures;

    /// <summary>How it went, in one line.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"seed {_seed}: {string.Join(", ", _notes)}, slowest stop {_slowestStop.TotalSeconds:0.00} s, {_failures.Count} failures");

    /// <summary>Runs it to the end, whatever fails.</summary>
    public async Task RunAsync()
    {
        await _etcd.RestartEmptyAsync();
        await _etcd.RunAsync("put", Root + "config", Config);
        LaunchAll(static moment => moment != StopMoment.NeverReady);
        Task starting = StopAllAsync(StopMoment.Starting, afterAtMost: 300);
        await Task.WhenAll(
            _agents.Where(static agent => agent.Moment is not (StopMoment.Starting or StopMoment.NeverReady)).Select(WaitForReadyAsync));
        await starting;
        await StopAllAsync(StopMoment.Ready);

        await PauseAsync("killed after", 1000);
        await _etcd.Members[0].KillAsync();
        long killed = Stopwatch.GetTimestamp();
        LaunchAll(static moment => moment == StopMoment.NeverReady);
        await StopAllAsync(StopMoment.EtcdDying, afterAtMost: 300);
        if (_seed % 2 == 0) await WaitForAllAsync("aware of the loss", killed, LacksReasonAsync);
        else await PauseAsync("away at least", 1000);
        await StopAllAsync(StopMoment.EtcdAway);
        await Task.WhenAll(_agents.Where(static agent => agent.Moment == StopMoment.NeverReady).Select(static agent => agent.WaitForStartAsync()));
        await StopAllAsync(StopMoment.NeverReady);

        await _etcd.RestartEmptyAsync();
        await PauseAsync("without a config for", 300);
        await _etcd.RunAsync("put", Root + "config", Config);
        long returned = Stopwatch.GetTimestamp();
        await StopAllAsync(StopMoment.EtcdReturning, afterAtMost: 1000);
        HashSet<string> keys = [];
        await WaitForAllAsync("back", returned, agent => LacksLeaseAsync(agent, keys), async () => keys = await ListAsync());

        // Who watches on sees what comes and goes.
        string free = Enumerable.Range(1, 250).Select(static number => $"10.5.{number}.0-24").First(key => !keys.Contains(key));
        await _etcd.RunAsync("put", $"{Root}subnets/{free}", NewcomerDocument);
        int peers = (await ListAsync()).Count - 1;
        await WaitForAllAsync("told of a newcomer", Stopwatch.GetTimestamp(), agent => LacksPeersAsync(agent, peers));
        await StopAllAsync(StopMoment.AfterReturn);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (StressedAgent agent in _agents) await agent.DisposeAsync();
    }

    private static async Task<string?> LacksReasonAsync(StressedAgent agent) =>
        (await AskAsync(agent, "/readyz")).Body == Well ? $"says '{Well}' without etcd and nothing else" : null;

    private static async Task<string?> LacksLeaseAsync(StressedAgent agent, HashSet<string> keys)
    {
        if (!keys.Contains(agent.Key)) return "has no lease";
        (HttpStatusCode status, string body) = await AskAsync(agent, "/readyz");
        return body == Well || (body.StartsWith(Well, StringComparison.Ordinal) && body.Contains(Kept, StringComparison.Ordinal))
            ? null
            : $"says {(int)status} '{body.TrimEnd()}' with its lease in etcd";
    }

    private static async Task<string?> LacksPeersAsync(StressedAgent agent, int peers)
    {
        string[] metrics = (await AskAsync(agent, "/metrics")).Body.Split('\n');
        (int? all, int? kept) = (Read("flannel_peers "), Read("flannel_peers_retained "));
        return all - kept == peers ? null : $"says that it has {all} peers, of which {kept} are gone and kept for a while, with {peers} in etcd";

        int? Read(string name) =>
            metrics.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
                ? int.Parse(line[name.Length..], CultureInfo.InvariantCulture)
                : null;
    }

    private static async Task<(HttpStatusCode Status, string Body)> AskAsync(StressedAgent agent, string path)
    {
        try
        {
            return await agent.Process.GetAsync(HealthPort, path);
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return (0, exception.Message);
        }
    }

    private void LaunchAll(Func<StopMoment, bool> chooses)
    {
        foreach (StressedAgent agent in _agents.Where(agent => chooses(agent.Moment)))
        {
            // A stop that has to talk to etcd is the harder one.
            string release = _random.Next(2) == 0 ? "--release-lease-on-stop=true" : "--release-lease-on-stop=false";
            string[] light = ["-iface=eth0", "-iptables-forward-rules=false"];
            agent.Launch([$"-etcd-endpoints={_etcd.Members[0].Endpoint}", $"-healthz-port={HealthPort}", release, .. light]);
        }
    }

    private async Task WaitForReadyAsync(StressedAgent agent)
    {
        try
        {
            await agent.WaitForReadyAsync();
        }
        catch (TimeoutException)
        {
            await FailAsync(agent, "never ready");
        }
    }

    private async Task PauseAsync(string what, int atMost)
    {
        int pause = _random.Next(atMost);
        _notes.Add(string.Create(CultureInfo.InvariantCulture, $"{what} {pause} ms"));
        await Task.Delay(pause);
    }

    private async Task<HashSet<string>> ListAsync()
    {
        string lines = await _etcd.RunAsync("get", "--prefix", "--keys-only", Root + "subnets/");
        return [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split('/')[^1])];
    }

    private async Task WaitForAllAsync(string what, long since, Func<StressedAgent, Task<string?>> lacks, Func<Task>? before = null)
    {
        List<StressedAgent> waiting = [.. _agents.Where(static agent => agent.Moment == StopMoment.AfterReturn)];
        List<string> reasons = [];
        TimeSpan taken = TimeSpan.Zero;
        while (waiting.Count > 0 && taken < ReturnLimit)
        {
            if (before is not null) await before();
            reasons.Clear();
            foreach (StressedAgent agent in waiting.ToArray())
            {
                if (await lacks(agent) is { } reason) reasons.Add(reason);
                else waiting.Remove(agent);
            }

            taken = Stopwatch.GetElapsedTime(since);
            if (waiting.Count > 0) await Task.Delay(100);
        }

        _notes.Add(string.Create(CultureInfo.InvariantCulture, $"{what} in {taken.TotalSeconds:0.00} s"));
        foreach ((StressedAgent agent, string reason) in waiting.Zip(reasons))
            await FailAsync(agent, $"not {what} within {ReturnLimit.TotalSeconds} s: it {reason}");
    }

    private Task StopAllAsync(StopMoment moment, int afterAtMost = 0) =>
        Task.WhenAll([.. _agents.Where(agent => agent.Moment == moment).Select(agent => StopAsync(agent, _random.Next(afterAtMost + 1)))]);

    private async Task StopAsync(StressedAgent agent, int afterMilliseconds)
    {
        await Task.Delay(afterMilliseconds);
        if (agent.Process.HasExited)
        {
            await FailAsync(agent, "ended unasked");
            return;
        }

        await agent.Process.SignalAsync("TERM");
        long sent = Stopwatch.GetTimestamp();
        try
        {
            int code = await agent.Process.WaitForExitAsync().WaitAsync(StopLimit);
            TimeSpan taken = Stopwatch.GetElapsedTime(sent);
            if (taken > _slowestStop) _slowestStop = taken;
            if (code != 0 && !(code == 143 && agent.Moment == StopMoment.Starting)) await FailAsync(agent, $"ended with code {code}");
        }
        catch (TimeoutException)
        {
            await FailAsync(agent, $"not ended within {StopLimit.TotalSeconds} s of SIGTERM");
            await agent.Process.KillAsync();
        }
    }

    private async Task FailAsync(StressedAgent agent, string what)
    {
        // The first failure of an agent shows the most.
        string threads = agent.Process.HasExited || agent.HasFailed ? "" : await agent.Process.DescribeThreadsAsync();
        agent.HasFailed = true;
        string failure = $"{agent}: {what}. It wrote:\n{string.Join('\n', agent.Process.Output.Split('\n').TakeLast(20))}{threads}";
        lock (_failures) _failures.Add(failure);
    }
}
