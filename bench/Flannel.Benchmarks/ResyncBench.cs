using System.Diagnostics;
using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Overlays;
using Flannel.Benchmarks.Reporting;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Route.Neighbours;

namespace Flannel.Benchmarks;

/// <summary>Comparing everything when nothing has changed, which must not write anything.</summary>
internal sealed class ResyncBench : IBench
{
    private const int Count = 5000;
    private const int RequestsPerPeer = 3;
    private static readonly TimeSpan HealingLimit = TimeSpan.FromSeconds(10);

    public string Name => "resync";

    public string Subject => "an unchanged re-sync of 5,000 peers, and what it writes to the kernel";

    public async Task RunAsync(int rounds, Report report, CancellationToken cancellationToken)
    {
        using var lab = new Lab();
        IReadOnlyList<Peer> peers = Peer.Make(Count);
        Lease[] leases = [.. peers.Select(static peer => peer.Lease)];
        LabHost host = lab.AddLoneHost("ours");
        LabHost byHand = lab.AddLoneHost("hand");
        HandMade.AddDevice(byHand, LabHost.LoneAddress, Peer.OwnSubnet.BaseAddress);
        using var ip = new IpBatch("ip", HandMade.Routes("replace", peers));
        using var bridge = new IpBatch("bridge", HandMade.Forwarding("replace", peers));
        bridge.Run(byHand);
        ip.Run(byHand);

        BackendUnderTest backend = await BackendUnderTest.StartAsync(host, cancellationToken);
        try
        {
            await backend.SetPeersAsync(leases, cancellationToken);
            await using var changes = new KernelChanges(host, cancellationToken);
            await using var changesByHand = new KernelChanges(byHand, cancellationToken);
            var again = new Series();
            var restart = new Series();
            var replace = new Series();
            for (int round = -1; round < rounds; round++)
            {
                GC.Collect();
                await changes.CountAsync();
                long written = backend.Writes;
                await again.MeasureAsync(() => backend.SetPeersAsync(leases, cancellationToken), () => backend.Writes - written, changes);

                await backend.DisposeAsync();
                await changes.CountAsync();
                await restart.MeasureAsync(
                    async () =>
                    {
                        backend = await BackendUnderTest.StartAsync(host, cancellationToken);
                        await backend.SetPeersAsync(leases, cancellationToken);
                    },
                    () => backend.Writes,
                    changes);

                await changesByHand.CountAsync();
                replace.Add(bridge.Run(byHand) + ip.Run(byHand), Count * RequestsPerPeer, await changesByHand.CountAsync());
                if (round >= 0) continue;
                again.Clear();
                restart.Clear();
                replace.Clear();
            }

            ProgrammedPeers.Verify(host, Count);
            await ProveThatChangesAreSeenAsync(host, peers[0], changes).WaitAsync(HealingLimit, cancellationToken);
            Tell(report, again, restart, replace);
        }
        finally
        {
            await backend.DisposeAsync();
        }
    }

    /// <summary>
    /// A count of zero says something only if the counter can count: an entry deleted behind our back is told of, and so is its return.
    /// </summary>
    private static async Task ProveThatChangesAreSeenAsync(LabHost host, Peer peer, KernelChanges changes)
    {
        host.Netlink.DeleteNeighbour(new Neighbour { LinkIndex = host.Device(HandMade.Device).Index, Destination = peer.Subnet.BaseAddress });
        while (await changes.NextAsync() is not NeighbourRemoved)
        {
        }

        while (await changes.NextAsync() is not NeighbourChanged { Neighbour.State: NeighbourState.Permanent })
        {
        }
    }

    private static void Tell(Report report, Series again, Series restart, Series replace)
    {
        Add("5,000 unchanged peers: restart, everything read and compared", restart);
        Add("5,000 unchanged peers: the same list once more", again);
        report.AddNote(
            "resync: a restart adopts the device, reads all the kernel has and compares it with the peers; by hand it is `bridge -batch` and " +
            "`ip -batch` with `replace`. Writes are the backend's own account. A socket of the bench's own was told of no change either; that it " +
            "hears of changes is proved in the same run by deleting an entry, which came back.");

        void Add(string subject, Series ours)
        {
            bool isMet = ours.Writes.Max() == 0 && ours.Changes.Max() == 0;
            report.Add(new Result
            {
                Subject = subject,
                Ours = $"{Quantity.Duration(ours.Times.Median)}, {Quantity.Count((int)ours.Writes.Max())} writes",
                Reference = $"{Quantity.Duration(replace.Times.Median)}, {Quantity.Count((int)replace.Writes.Max())} writes (`ip -batch`, `replace`)",
                Ratio = ours.Times.Over(replace.Times),
                Goal = "0 writes",
                IsMet = isMet,
                Figures = new Dictionary<string, IReadOnlyList<double>>
                {
                    ["ours_ms"] = ours.Times.Values,
                    ["ours_writes"] = ours.Writes,
                    ["ours_changes_told"] = ours.Changes,
                    ["reference_ms"] = replace.Times.Values,
                    ["reference_changes_told"] = replace.Changes,
                },
            });
        }
    }

    private sealed class Series
    {
        public Sample Times { get; private set; } = new();

        /// <summary>What was written.</summary>
        public List<double> Writes { get; } = [];

        /// <summary>What the kernel told of.</summary>
        public List<double> Changes { get; } = [];

        public async Task MeasureAsync(Func<Task> action, Func<long> countWrites, KernelChanges changes)
        {
            long start = Stopwatch.GetTimestamp();
            await action();
            Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds, countWrites(), await changes.CountAsync());
        }

        public void Add(double milliseconds, long writes, int changes)
        {
            Times.Add(milliseconds);
            Writes.Add(writes);
            Changes.Add(changes);
        }

        public void Clear()
        {
            Times = new Sample();
            Writes.Clear();
            Changes.Clear();
        }
    }
}
