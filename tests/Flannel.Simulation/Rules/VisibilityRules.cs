using Flannel.Simulation.Models;
using Flannel.Simulation.Runs;

namespace Flannel.Simulation.Rules;

/// <summary>I4 and the rest of I5: whoever looks at a node's status sees what is wrong for longer than it takes to notice.</summary>
internal sealed class VisibilityRules(World world)
{
    // 30 s for a watch to count as silent, 15 s for a call to fail, and what it takes to begin one.
    private static readonly TimeSpan CutLimit = TimeSpan.FromSeconds(70);

    // Everything is compared every 30 s; what the kernel tells is seen to at once, and what it refused is tried again within 5 s.
    private static readonly TimeSpan KernelLimit = TimeSpan.FromSeconds(55);
    private static readonly TimeSpan ToldKernelLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(75);

    private readonly Dictionary<(int Host, string What), TimeSpan> _since = [];

    /// <summary>Looks at every node; called every other second.</summary>
    public void Check()
    {
        foreach (SimulatedHost host in world.AllHosts)
        {
            NodeLife? life = host.Running;
            FlannelNodeStatus? status = life?.Node.Status;
            if (status is { IsAlive: false }) world.Safety.Break($"I5: the node of {host.Name} has ended: {status.Reason}");
            bool isRunning = status is not null && life!.Process.Started < world.Scheduler.Now;
            bool isCut = isRunning && life!.Process.Started + CutLimit < world.Scheduler.Now && world.Safety.CutFor(host) > TimeSpan.Zero;
            bool isPlain = isRunning && status!.State == FlannelNodeState.Ready;
            bool isCalm = isRunning && world.Safety.IsCalm(host, Calm);

            Require(
                host,
                "it is cut off from the store",
                CutLimit,
                isCut,
                () => world.Safety.CutFor(host) < CutLimit || status!.StoreError is not null || status.Error is not null);
            Require(host, "its subnet is not its own", Calm, isCalm && status!.IsReady && !HoldsKey(host, status), static () => false);
            bool canCall = isRunning && world.Safety.CallsFor(host) > Calm && life!.SessionStarted < world.Scheduler.Now - Calm;
            Require(
                host,
                "it has not looked at the store, where only watches are stuck,",
                TimeSpan.Zero,
                canCall && world.Scheduler.Now - life!.Process.Knows > Calm,
                static () => false);
            bool lacksPeer = isCalm && LacksPeer(host, life!);
            Require(host, "its kernel lacks a peer", KernelLimit, isPlain && lacksPeer, static () => false);
            Require(
                host,
                "its kernel lacks a peer, as it was told,",
                ToldKernelLimit,
                lacksPeer && status!.IsReady && world.Safety.ObeysFor(host) > ToldKernelLimit && world.Safety.HearsKernel(host, Calm),
                static () => false);
            Require(
                host,
                "a stray key is refused",
                TimeSpan.FromSeconds(30),
                isCalm && status!.IsReady && HasStray(),
                () => status!.QuarantinedCount > 0);
            Require(
                host,
                "the configuration is not followed",
                TimeSpan.FromSeconds(30),
                isCalm && status!.IsReady && world.Store.Config != World.Config && !IsFollowed(world.Store.Config),
                () => status!.PendingConfig is not null);
        }
    }

    private static bool IsFollowed(string? config) =>
        config is not null && config.StartsWith("""{"Network":"10.5.0.0/16","SubnetLen":24,"Backend":{"Type":"sim",""", StringComparison.Ordinal);

    // Where a stray key was, a node may have leased since.
    private bool HasStray() => world.Strays.Any(key => world.Store.Find(key) is not null && world.History.Live.All(version => version.Key != key));

    private bool HoldsKey(SimulatedHost host, FlannelNodeStatus status) =>
        world.Store.Find(status.Lease!.Key.ToString()) is { } entry
            && (LeaseHistory.AddressOf(entry) is not { } holder || host.Addresses.Contains(holder));

    private bool LacksPeer(SimulatedHost host, NodeLife life)
    {
        foreach (LeaseVersion version in world.History.Live)
        {
            if (version.From >= world.Scheduler.Now - Calm
                || version.Entries.All(entry => host.Kernel.Entries.GetValueOrDefault(entry.Key) == entry.Value))
            {
                continue;
            }

            if (SafetyRules.IsOwn(version, host, life)) continue;
            if (!world.History.Live.Any(
                other => other != version && (other.Overlaps(version.Subnet) || other.Mac == version.Mac || other.Address.Equals(version.Address))))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What is the case for longer than the limit has to be visible.</summary>
    private void Require(SimulatedHost host, string what, TimeSpan limit, bool isCase, Func<bool> isVisible)
    {
        TimeSpan now = world.Scheduler.Now;
        if (!isCase)
        {
            _since.Remove((host.Number, what));
            return;
        }

        if (!_since.TryGetValue((host.Number, what), out TimeSpan since)) _since[(host.Number, what)] = since = now;
        if (now - since < limit || isVisible()) return;
        FlannelNodeStatus status = host.Life!.Node.Status;
        world.Safety.Break($"I4: {host.Name}: {what} for {limit.TotalSeconds} s, and its status says nothing of it: {status.State} {status.Reason}");
    }
}
