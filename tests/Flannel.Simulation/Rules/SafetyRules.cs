using Flannel.Extensibility;
using Flannel.Simulation.Models;
using Flannel.Simulation.Runs;
using Flannel.Simulation.Scheduling;

namespace Flannel.Simulation.Rules;

/// <summary>
/// What must never happen, checked when something is written: I1, no entry of a peer whose lease stands is removed; I2, no entry is written that no
/// sound lease asks for; and no lease is overwritten that is another host's.
/// </summary>
/// <remarks>
/// A node acts on what it has been told. So a lease counts as gone for a node when the node has been told everything up to a moment at which it was
/// gone, and as standing when it stood all the time since then. Where nothing disturbs a host, a few seconds of slack are allowed, where something
/// does, half a minute.
/// </remarks>
internal sealed class SafetyRules(World world)
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(45);

    private readonly TimeSpan[] _disturbedAt = new TimeSpan[16];
    private readonly TimeSpan[] _eventsLostAt = new TimeSpan[16];
    private readonly TimeSpan[] _callsDisturbedAt = new TimeSpan[16];
    private readonly TimeSpan[] _refusedAt = new TimeSpan[16];
    private readonly TimeSpan[] _linkedAt = new TimeSpan[16];
    private readonly Dictionary<KernelKey, TimeSpan>[] _unjustifiedSince =
        [.. Enumerable.Range(0, 16).Select(static _ => new Dictionary<KernelKey, TimeSpan>())];

    /// <summary>What was broken first, or <see langword="null"/>.</summary>
    public string? Violation { get; private set; }

    private TimeSpan Now => world.Scheduler.Now;

    /// <summary>Something that must not happen did.</summary>
    public void Break(string what)
    {
        Violation ??= what;
        world.Log?.Invoke($"VIOLATION {what}");
    }

    /// <summary>Notes which hosts are disturbed at the moment.</summary>
    public void NoteDisturbances()
    {
        foreach (SimulatedHost host in world.AllHosts)
        {
            if (host.IsDisturbed) _disturbedAt[host.Number] = Now;
            if (host.Running is null || world.Store.IsFull || host.Link.AreCallsDisturbed) _callsDisturbedAt[host.Number] = Now;
            if (host.Kernel.LosesEvents) _eventsLostAt[host.Number] = Now;
            if (host.Kernel.IsRefusing) _refusedAt[host.Number] = Now;
            if (!host.Link.IsSilent && !host.Link.IsRefused) _linkedAt[host.Number] = Now;
        }
    }

    /// <summary>Whether nothing has disturbed a host for so long.</summary>
    public bool IsCalm(SimulatedHost host, TimeSpan time) => !host.IsDisturbed && _disturbedAt[host.Number] + time <= Now;

    /// <summary>For how long a host has been cut off from the store.</summary>
    public TimeSpan CutFor(SimulatedHost host) => Now - _linkedAt[host.Number];

    /// <summary>For how long nothing but watches has been disturbed.</summary>
    public TimeSpan CallsFor(SimulatedHost host) => Now - _callsDisturbedAt[host.Number];

    /// <summary>For how long a host's kernel has done what it was asked for.</summary>
    public TimeSpan ObeysFor(SimulatedHost host) => Now - _refusedAt[host.Number];

    /// <summary>Whether a host's kernel has told for so long what others did, or that it could not.</summary>
    public bool HearsKernel(SimulatedHost host, TimeSpan time) => !host.Kernel.LosesEvents && _eventsLostAt[host.Number] + time <= Now;

    /// <summary>Whether a lease is nothing that a host may use: its own, or one that overlaps it.</summary>
    public static bool IsOwn(LeaseVersion version, SimulatedHost host, NodeLife life) =>
        version.Address.Equals(host.Addresses[^1]) || (life.Subnet is { } own && version.Overlaps(own));

    /// <summary>Judges what a node writes to its kernel.</summary>
    public void CheckKernelWrite(SimulatedHost host, NodeLife life, in ReconcileChange<KernelKey, string> change)
    {
        world.Log?.Invoke($"{host.Name} {(change.IsRemoval ? "removes" : "writes")} {change.Key} = {change.Entry}");
        if (!change.IsRemoval)
        {
            if (!IsJustified(host, life, change.Key, change.Entry, Slack(host)))
                Break($"I2: {host.Name} writes {change.Key} = {change.Entry}, and no sound lease asks for it");
        }
        else if (host.Kernel.Entries.TryGetValue(change.Key, out string? value))
        {
            CheckRemoval(host, life, change.Key, value);
        }
    }

    /// <summary>Judges what is in a kernel although nobody writes; called now and then.</summary>
    public void CheckKernel(SimulatedHost host)
    {
        Dictionary<KernelKey, TimeSpan> since = _unjustifiedSince[host.Number];
        bool canKnow = host.Running is { } running && running.Process.Knows > TimeSpan.MinValue && IsCalm(host, Settling)
            && running.SessionStarted < Now - Settling && HasJoined(running);
        if (!canKnow || host.Kernel.IsRefusing)
        {
            since.Clear();
            return;
        }

        foreach (KernelKey key in since.Keys)
        {
            if (!host.Kernel.Entries.ContainsKey(key)) since.Remove(key);
        }

        foreach ((KernelKey key, string value) in host.Kernel.Entries)
        {
            if (IsJustified(host, host.Running!, key, value, TimeSpan.FromSeconds(5))) since.Remove(key);
            else if (since.TryAdd(key, Now) || Now - since[key] < Settling) continue;
            else Break($"I2: {host.Name} keeps {key} = {value}, and no sound lease has asked for it for {Settling.TotalSeconds} s");
        }
    }

    /// <summary>Judges what a node writes to the store.</summary>
    public void CheckStoreWrite(SimulatedProcess process, string what, string key, StoredEntry? before, StoredEntry? after)
    {
        SimulatedHost host = world.HostOf(process.Host);
        world.Log?.Invoke($"{host.Name} did {what} {key}: {before} -> {after}");
        if (before is not null && LeaseHistory.AddressOf(before) is { } holder && !host.Addresses.Contains(holder))
            Break($"I1: {host.Name} did {what} {key}, which is {holder}'s");
        if (after is not null) world.Duplicates.NoteWrite(host, before, after);
        // What the node works with already it takes again, whatever else there is.
        if (before is not null || host.Life?.Node.Status.Lease?.Key.ToString() == key) return;
        LeaseVersion? held = world.History.Live.FirstOrDefault(version =>
            version.Address.Equals(host.Addresses[^1]) && version.Key != key && version.Subnet.PrefixLength == 24 && version.From < Now - Settling);
        if (held is not null) Break($"I1: {host.Name} takes {key} although it has {held}");
    }

    // Whoever waits to get in is told of no peers and leaves its kernel alone.
    private static bool HasJoined(NodeLife life) => life.Node.Status.Mtu is not null;

    private void CheckRemoval(SimulatedHost host, NodeLife life, KernelKey key, string value)
    {
        TimeSpan known = Known(life);
        LeaseVersion[] versions = [.. world.History.Find(key, value).Where(version => !IsOwn(version, host, life))];
        if (versions.Length == 0) return;
        if (life.Process.Knows == TimeSpan.MinValue)
        {
            Break($"I1: {host.Name} removes {key} = {value} before it knows of any peer");
            return;
        }

        // Walks back through the time in which the node may have seen the lease gone.
        TimeSpan at = Now;
        TimeSpan from = known == TimeSpan.MinValue ? life.Process.Started - Settling : known - Slack(host);
        while (at > from)
        {
            LeaseVersion? standing = versions.FirstOrDefault(version => version.From < at && End(version, life) >= at);
            if (standing is not null)
            {
                at = standing.From;
                continue;
            }

            TimeSpan gone = versions.Select(version => End(version, life)).Where(end => end < at).DefaultIfEmpty(TimeSpan.MinValue).Max();
            bool isShort = gone > TimeSpan.MinValue && at - gone < SimulatedHost.Grace - TimeSpan.FromSeconds(1);
            if (!isShort || !IsCalm(host, Now - gone + TimeSpan.FromSeconds(10)) || life.PeersKnown > gone || IsClaimed(versions, from)) return;
            at = gone;
        }

        if (!IsClaimed(versions, from))
            Break($"I1: {host.Name} removes {key} = {value} although the lease stands: {string.Join(", ", versions.AsEnumerable())}");
    }

    // Somebody else has the subnet or the hardware address, or had it a moment ago.
    private bool IsClaimed(LeaseVersion[] versions, TimeSpan from) => world.History.All.Any(other =>
        (other.TrueTo is null || other.TrueTo >= from)
        && !versions.Contains(other)
        && versions.Any(version => version.Overlaps(other.Subnet) || version.Mac == other.Mac || version.Address.Equals(other.Address)));

    private bool IsJustified(SimulatedHost host, NodeLife life, KernelKey key, string value, TimeSpan slack)
    {
        TimeSpan known = Known(life);
        TimeSpan oldest = known == TimeSpan.MinValue ? known : known - slack;
        foreach (LeaseVersion version in world.History.Find(key, value))
        {
            if ((version.TrueTo is null || version.TrueTo >= oldest) && !IsOwn(version, host, life)) return true;
        }

        return false;
    }

    // A session that began while the document could not be read has never seen the good one.
    private static TimeSpan End(LeaseVersion version, NodeLife life) =>
        (version.LiveTo is { } end && life.SessionStarted >= end ? version.LiveTo : version.TrueTo) ?? TimeSpan.MaxValue;

    // A peer whose lease is gone is kept for its grace, which begins when the node hears of it.
    private TimeSpan Known(NodeLife life) => life.Process.KnewAt(Now - SimulatedHost.Grace - TimeSpan.FromSeconds(1));

    private TimeSpan Slack(SimulatedHost host) => TimeSpan.FromSeconds(IsCalm(host, Settling) ? 5 : 35);
}
