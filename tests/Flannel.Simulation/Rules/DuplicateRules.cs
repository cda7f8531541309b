using Flannel.Extensibility;
using Flannel.Simulation.Models;
using Flannel.Simulation.Runs;

namespace Flannel.Simulation.Rules;

/// <summary>
/// Two live hosts with one public address: one of them is ready, the other is not, both say so, and it stays like that. A host that is alone with its
/// address is never called a duplicate.
/// </summary>
internal sealed class DuplicateRules(World world)
{
    // Who starts beside a settled holder is found within 5 s, and what messages take.
    private static readonly TimeSpan SettledLimit = TimeSpan.FromSeconds(6.5);

    // Whoever was cut off, or whose lease somebody touched, has to notice that first.
    private static readonly TimeSpan DisturbedLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(45);

    // A claim is tried again and again; where an answer takes long, there may be two for a moment.
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(5);

    // Whoever was refused claims the lease again after that at the latest.
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(20);

    // The holder says so until nobody has claimed its lease for 45 s.
    private static readonly TimeSpan Forgetting = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FlapWindow = TimeSpan.FromSeconds(60);
    private const int MostAlternations = 3;

    private readonly Pair[] _pairs = [.. Enumerable.Range(0, SimulatedHost.FirstTwin).Select(static _ => new Pair())];
    private TimeSpan _storeFault = TimeSpan.MinValue / 2;

    private TimeSpan Now => world.Scheduler.Now;

    /// <summary>Somebody did something to the leases or to the configuration.</summary>
    public void NoteStoreFault() => _storeFault = Now;

    /// <summary>Looks at every pair; called after every step.</summary>
    public void Check()
    {
        foreach (SimulatedHost twin in world.Twins) Check(world.Hosts[twin.Number - SimulatedHost.FirstTwin], twin);
    }

    /// <summary>Looks whether a host that is alone is called a duplicate; called now and then.</summary>
    public void CheckAlone()
    {
        foreach (SimulatedHost host in world.AllHosts)
        {
            Pair pair = _pairs[host.Number % SimulatedHost.FirstTwin];
            // Whoever hears late speaks of it late.
            bool mayBeLate = pair.Shared + Forgetting > Now || (host.HasDuplicate && !world.Safety.IsCalm(host, Forgetting));
            if (mayBeLate || host.Running is not { } life || !IsReported(life)) continue;
            world.Safety.Break($"I4: {host.Name} is alone and says that it is not: {life.Node.Status.Reason}");
        }
    }

    /// <summary>Judges what a node wrote into a lease.</summary>
    public void NoteWrite(SimulatedHost host, StoredEntry? before, StoredEntry after)
    {
        Pair pair = _pairs[host.Number % SimulatedHost.FirstTwin];
        if (pair.Since is null || (before is not null && before.Value.Span.SequenceEqual(after.Value.Span))) return;
        if (pair.LastWriter is { } last && last != host) pair.Alternations.Enqueue(Now);
        pair.LastWriter = host;
        while (pair.Alternations.TryPeek(out TimeSpan oldest) && oldest + FlapWindow < Now) pair.Alternations.Dequeue();
        if (pair.Alternations.Count > MostAlternations)
            world.Safety.Break($"I4: {after.Key} flaps: {host.Name} and its duplicate have written it in turn {pair.Alternations.Count} times");
    }

    private void Check(SimulatedHost host, SimulatedHost twin)
    {
        Pair pair = _pairs[host.Number];
        bool isShared = host.Life is not null && twin.Life is not null && host.Addresses[^1].Equals(twin.Addresses[^1]);
        // One that was made from the other's image asks for its lease, too, until it has one of its own.
        bool isLooking = host.Life is not null && twin.Life is { Node.Status.IsReady: false };
        if (isShared || isLooking) pair.Shared = Now;
        if (!isShared || host.IsDisturbed || twin.IsDisturbed || _storeFault == Now || world.Store.Config != World.Config)
        {
            pair.Forget();
            return;
        }

        if (pair.Lives != (host.Life, twin.Life))
        {
            pair.Forget();
            pair.Lives = (host.Life, twin.Life);
        }

        pair.Since ??= Now;
        FlannelNodeStatus one = host.Running!.Node.Status, other = twin.Running!.Node.Status;
        if (pair.Limit == default)
        {
            bool isSettled = _storeFault + Settling < Now && (IsHolder(host, one) || IsHolder(twin, other));
            pair.Limit = isSettled ? SettledLimit : DisturbedLimit;
        }

        if (one.IsReady != other.IsReady)
        {
            SimulatedHost ready = one.IsReady ? host : twin;
            if (pair.Ready is { } former && former != ready && ++pair.Changes > 1)
                world.Safety.Break($"I4: {host.Name} and {twin.Name} have one address, and which is ready changes again and again");
            pair.Ready = ready;
        }

        bool isDue = Now - pair.Since > pair.Limit;
        Require(ref pair.BothReadySince, isDue, one.IsReady && other.IsReady, host, twin, "both are ready");
        Require(ref pair.SilentSince, isDue, MustReport(host.Running), host, twin, $"{host.Name} says nothing of it");
        Require(ref pair.TwinSilentSince, isDue, MustReport(twin.Running), host, twin, $"{twin.Name} says nothing of it");
    }

    private void Require(ref TimeSpan? since, bool isDue, bool isBad, SimulatedHost host, SimulatedHost twin, string what)
    {
        if (!isBad)
        {
            since = null;
            return;
        }

        since ??= Now;
        if (!isDue || Now - since < Moment) return;
        world.Safety.Break(
            $"I4: {host.Name} and {twin.Name} have one address, and {what}: {host.Running!.Node.Status.State} {host.Running.Node.Status.Reason} | " +
            $"{twin.Running!.Node.Status.State} {twin.Running.Node.Status.Reason}");
    }

    private bool IsHolder(SimulatedHost host, FlannelNodeStatus status) => status.IsReady && world.Safety.IsCalm(host, Settling);

    // A holder that begins anew hears of the other one by its next claim.
    private bool MustReport(NodeLife life) =>
        !IsReported(life) && (!life.Node.Status.IsReady || life.SessionStarted + LongestPause < Now);

    private static bool IsReported(NodeLife life) => life.Node.Status.Reason.Contains("this node's public address", StringComparison.Ordinal)
        && life.Node.Status.Reason.Contains("ExternalInterface.PublicIP", StringComparison.Ordinal);

    private sealed class Pair
    {
        public TimeSpan? BothReadySince;
        public TimeSpan? SilentSince;
        public TimeSpan? TwinSilentSince;

        /// <summary>When both were alive last.</summary>
        public TimeSpan Shared { get; set; } = TimeSpan.MinValue / 2;

        /// <summary>The processes that are alive.</summary>
        public (NodeLife?, NodeLife?) Lives { get; set; }

        /// <summary>Since when both have been alive and nothing has disturbed them.</summary>
        public TimeSpan? Since { get; set; }

        /// <summary>How long they may take.</summary>
        public TimeSpan Limit { get; set; }

        /// <summary>Which one was ready last, while the other was not.</summary>
        public SimulatedHost? Ready { get; set; }

        public int Changes { get; set; }

        public SimulatedHost? LastWriter { get; set; }

        public Queue<TimeSpan> Alternations { get; } = new();

        public void Forget()
        {
            (Since, Limit, Ready, Changes, LastWriter) = (null, default, null, 0, null);
            (BothReadySince, SilentSince, TwinSilentSince) = (null, null, null);
            Alternations.Clear();
        }
    }
}
