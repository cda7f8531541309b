using Flannel.Simulation.Models;
using Flannel.Simulation.Runs;

namespace Flannel.Simulation.Rules;

/// <summary>I3: what everything comes to when nothing disturbs it, compared with what the store alone says.</summary>
internal static class ConvergenceRules
{
    /// <summary>What is not yet as it has to be, or <see langword="null"/> if everything is.</summary>
    public static string? FindMissing(World world)
    {
        IReadOnlyList<LeaseVersion> live = world.History.Live;
        foreach (SimulatedHost gone in world.Twins.Where(static twin => twin.IsGone))
        {
            LeaseVersion? left = live.FirstOrDefault(
                version => version.Address.Equals(gone.Addresses[^1]) && !world.AllHosts.Any(host => IsHolder(host, version)));
            if (left is not null) return $"{gone.Name} is gone, and its lease is not: {left}";
        }

        foreach (SimulatedHost host in world.AllHosts.Where(static host => !host.IsGone))
        {
            if (host.Running is not { } life) return $"{host.Name} does not run";
            FlannelNodeStatus status = life.Node.Status;
            (SortedDictionary<KernelKey, string> wanted, bool isContested) = WantedBy(host, life, live);
            bool isWell = status.State == FlannelNodeState.Ready || (isContested && status.State == FlannelNodeState.Degraded);
            if (!isWell || !status.IsAlive) return $"{host.Name} is {status.State}: {status.Reason}";
            if (status.PendingConfig is { } pending) return $"{host.Name} does not follow the configuration: {pending}";
            if (!live.Any(
                version => version.Key == status.Lease!.Key.ToString() && version.Address.Equals(host.Addresses[^1])
                    && version.Mac == host.Kernel.Mac))
            {
                return $"{host.Name} holds {status.Lease}, and the store says otherwise";
            }

            if (live.Count(version => version.Address.Equals(host.Addresses[^1])) > 1) return $"{host.Name} has more than one lease";
            if (!host.Kernel.Entries.Select(static entry => (entry.Key, entry.Value))
                .SequenceEqual(wanted.Select(static entry => (entry.Key, entry.Value))))
            {
                return $"the kernel of {host.Name} has [{string.Join(", ", host.Kernel.Entries)}] instead of [{string.Join(", ", wanted)}]";
            }
        }

        return null;
    }

    private static bool IsHolder(SimulatedHost host, LeaseVersion version) => !host.IsGone && version.Address.Equals(host.Addresses[^1]);

    /// <summary>The entries that a host has to have, and whether a lease gets none because an older one has its hardware address.</summary>
    private static (SortedDictionary<KernelKey, string> Entries, bool IsContested) WantedBy(
        SimulatedHost host, NodeLife life, IReadOnlyList<LeaseVersion> live)
    {
        var accepted = new List<LeaseVersion>();
        foreach (LeaseVersion version in live)
        {
            if (SafetyRules.IsOwn(version, host, life) || version.Mac == host.Kernel.Mac
                || accepted.Exists(older => older.Overlaps(version.Subnet) || older.Address.Equals(version.Address)))
            {
                continue;
            }

            accepted.Add(version);
        }

        var entries = new SortedDictionary<KernelKey, string>();
        bool isContested = false;
        foreach (LeaseVersion version in accepted)
        {
            if (version.Entries.Any(entry => entries.ContainsKey(entry.Key)))
            {
                isContested = true;
                continue;
            }

            foreach ((KernelKey key, string value) in version.Entries) entries[key] = value;
        }

        return (entries, isContested);
    }
}
