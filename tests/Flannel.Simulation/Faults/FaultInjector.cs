using System.Text;
using Flannel.Extensibility;
using Flannel.Simulation.Models;
using Flannel.Simulation.Rules;
using Flannel.Simulation.Runs;

namespace Flannel.Simulation.Faults;

/// <summary>Makes faults happen, and ends those that last.</summary>
internal sealed class FaultInjector(World world)
{
    private static readonly string[] SpoiltConfigs =
    [
        "{",
        """{"Network":"10.5.0.0/16","SubnetLen":99,"Backend":{"Type":"sim"}}""",
        """{"Network":"10.5.0.0/16","SubnetLen":24,"Backend":{"Type":"unknown"}}""",
    ];

    /// <summary>Begins a fault; its end follows by itself.</summary>
    public void Begin(Fault fault)
    {
        world.Log?.Invoke($"FAULT {fault}");
        SimulatedHost host = world.Hosts[fault.Host % world.Hosts.Count];
        // Those that are there twice are struck in turn.
        if (host.Twin is { IsGone: false } twin && fault.Salt % 3 == 0) host = twin;
        var random = new Random(fault.Salt);
        Action? end = Begin(fault.Kind, host, random);
        if (end is null) return;
        world.Scheduler.After(fault.Duration, "fault ends", null, () =>
        {
            world.Log?.Invoke($"END of fault {fault}");
            end();
        });
    }

    /// <summary>Ends everything, as an operator does who mends a cluster.</summary>
    public void EndAll()
    {
        world.Log?.Invoke("END of all faults");
        world.Store.IsFull = false;
        if (world.Store.Config != World.Config) world.Store.PutConfig(World.Config);
        foreach (string key in world.Foreign) DeleteForeign(key);
        foreach (SimulatedHost host in world.AllHosts)
        {
            StoreLink link = host.Link;
            (link.IsSilent, link.IsRefused, link.AreWatchesStuck, link.LosesAnswers, link.IsSlow) = (false, false, false, false, false);
            (host.Kernel.RefusesReads, host.Kernel.RefusesWrites, host.Kernel.LosesEvents) = (false, false, false);
            host.Resume();
            host.Reconnect();
            if (host.IsStopping) host.Crash();
            host.Start();
        }
    }

    /// <summary>Restarts the nodes whose subnet another node took while they could not hold it, as their status asks for.</summary>
    public void RestartDispossessed()
    {
        foreach (SimulatedHost host in world.AllHosts)
        {
            bool isDispossessed = host.Running?.Node.Status is { State: FlannelNodeState.Failed, Lease: { } lease }
                && world.History.Live.Any(version => version.Key == lease.Key.ToString() && !version.Address.Equals(host.Addresses[^1]));
            if (!isDispossessed) continue;
            host.Stop(StopMode.Detach);
            StartWhenStopped(host);
        }
    }

    private Action? Begin(FaultKind kind, SimulatedHost host, Random random)
    {
        switch (kind)
        {
            case FaultKind.Crash:
                host.Crash();
                return host.Start;
            case FaultKind.CrashWhileWriting:
                host.CrashWhileWriting();
                return () =>
                {
                    host.Crash();
                    host.Start();
                };
            case FaultKind.Reboot:
                host.Reboot();
                return host.Start;
            case FaultKind.Pause:
                host.Pause();
                return host.Resume;
            case FaultKind.Restart:
                host.Stop(StopMode.Detach);
                return () => StartWhenStopped(host);
            case FaultKind.Remove:
                host.Stop(StopMode.Remove);
                return () => StartWhenStopped(host);
            case FaultKind.MoveHost:
                host.Move();
                return null;
            case FaultKind.ShiftWallClock:
                host.WallClockShift += TimeSpan.FromHours(random.Next(-24, 25));
                return null;
            case FaultKind.Duplicate:
                return BeginDuplicate(host, random, isTogether: false);
            case FaultKind.StartTogether:
                return BeginDuplicate(host, random, isTogether: true);
            case <= FaultKind.BreakConnections:
                return BeginOnLink(kind, host);
            case <= FaultKind.SpoilConfig:
                return NoteInStore(BeginInStore(kind, host, random));
            default:
                return BeginInKernel(kind, host, random);
        }
    }

    private Action? BeginDuplicate(SimulatedHost host, Random random, bool isTogether)
    {
        if (host.Twin is not null || host.Number >= SimulatedHost.FirstTwin) return null;
        SimulatedHost twin = host.AddTwin(random.Next(2) == 0 ? host.State?.Copy(isAsleep: random.Next(4) == 0) : null);
        // Without a device it takes the hardware address from the lease, with one it has its own.
        if (random.Next(2) == 0) twin.Kernel.Mac = twin.NewMac();
        int end = random.Next(4);
        if (isTogether)
        {
            string? key = host.Life?.Node.Status.Lease?.Key.ToString();
            host.Crash();
            host.State?.Clear();
            twin.State?.Clear();
            if (key is not null) world.Store.Delete(key);
            world.Duplicates.NoteStoreFault();
            world.Scheduler.After(TimeSpan.FromMilliseconds(random.Next(20)), "start", null, host.Start);
        }

        world.Scheduler.After(TimeSpan.FromMilliseconds(random.Next(20)), "start", null, twin.Start);
        return () =>
        {
            if (end == 3) twin.Move();
            else twin.Leave(end switch { 0 => StopMode.Detach, 1 => StopMode.Remove, _ => null });
        };
    }

    private void StartWhenStopped(SimulatedHost host)
    {
        if (!host.IsStopping) host.Start();
        else world.Scheduler.After(TimeSpan.FromSeconds(1), "start", null, () => StartWhenStopped(host));
    }

    private static Action? BeginOnLink(FaultKind kind, SimulatedHost host)
    {
        StoreLink link = host.Link;
        switch (kind)
        {
            case FaultKind.PartitionSilently:
                link.IsSilent = true;
                return () => Reconnect(() => link.IsSilent = false);
            case FaultKind.PartitionByRefusal:
                link.IsRefused = true;
                host.Life?.Store.Break("The connection was reset.");
                return () => Reconnect(() => link.IsRefused = false);
            case FaultKind.StickWatches:
                link.AreWatchesStuck = true;
                return () => Reconnect(() => link.AreWatchesStuck = false);
            case FaultKind.LoseAnswers:
                link.LosesAnswers = true;
                return () => link.LosesAnswers = false;
            case FaultKind.SlowStore:
                link.IsSlow = true;
                return () => link.IsSlow = false;
            default:
                host.Life?.Store.Break("The connection broke.");
                return null;
        }

        void Reconnect(Action mend)
        {
            mend();
            host.Reconnect();
        }
    }

    private Action? BeginInStore(FaultKind kind, SimulatedHost host, Random random)
    {
        StoreServer store = world.Store;
        string? key = host.Life?.Node.Status.Lease?.Key.ToString();
        switch (kind)
        {
            case FaultKind.Compact:
                store.Compact();
                return null;
            case FaultKind.RestoreBackup:
                store.Restore(TimeSpan.FromSeconds(random.Next(120)));
                foreach (SimulatedHost other in world.AllHosts) other.Life?.Store.Break("The store was restarted.");
                return null;
            case FaultKind.FillStore:
                store.IsFull = true;
                return () => store.IsFull = false;
            case FaultKind.DeleteAllLeases:
                foreach (StoredEntry entry in store.Entries.ToArray()) store.Delete(entry.Key);
                return null;
            case FaultKind.DeleteLease:
                if (key is not null) store.Delete(key);
                return null;
            case FaultKind.CorruptLease:
                if (key is not null && store.Find(key) is not null) store.Put(key, Bytes(random.Next(2) == 0 ? "{" : "[]"), SimulatedHost.TimeToLive);
                return null;
            case FaultKind.TakeSubnet:
                if (key is null) return null;
                store.Delete(key);
                PutForeign(key, random);
                return () => DeleteForeign(key);
            case FaultKind.AddForeignLease:
                string free = ForeignDocuments.DrawSubnet(random);
                if (store.Find(free) is not null) return null;
                PutForeign(free, random);
                return () => DeleteForeign(free);
            case FaultKind.AddStray:
                (string stray, string document) = ForeignDocuments.DrawStray(random);
                if (store.Find(stray) is not null) return null;
                world.Strays.Add(stray);
                store.Put(stray, Bytes(document), random.Next(2) == 0 ? null : TimeSpan.FromMinutes(1 + random.Next(4)));
                return null;
            case FaultKind.ChangeConfig:
                store.PutConfig($$$"""{"Network":"10.5.0.0/16","SubnetLen":24,"Backend":{"Type":"sim","Port":{{{random.Next(1, 9)}}}}}""");
                return () => store.PutConfig(World.Config);
            default:
                store.PutConfig(random.Next(4) is var choice && choice < SpoiltConfigs.Length ? SpoiltConfigs[choice] : null);
                return () => store.PutConfig(World.Config);
        }
    }

    private static Action? BeginInKernel(FaultKind kind, SimulatedHost host, Random random)
    {
        SimulatedKernel kernel = host.Kernel;
        switch (kind)
        {
            case FaultKind.RemoveEntries:
                RemoveSome(kernel, random);
                return null;
            case FaultKind.ChangeEntry:
                if (kernel.Entries.Count > 0) kernel.Tamper(kernel.Entries.Keys.ElementAt(random.Next(kernel.Entries.Count)), "something else");
                return null;
            case FaultKind.AddEntry:
                kernel.Tamper(new KernelKey(KernelTable.Routes, $"10.5.{random.Next(256)}.0/24"), "02:00:00:00:ff:ff");
                return null;
            case FaultKind.DeleteDevice:
                kernel.DeleteDevice();
                return null;
            case FaultKind.ChangeMac:
                kernel.ChangeMac($"02:00:00:01:{host.Number:x2}:{random.Next(256):x2}");
                return null;
            case FaultKind.ForceMac:
                kernel.IsMacForced = true;
                kernel.ChangeMac($"02:00:00:01:{host.Number:x2}:{random.Next(256):x2}");
                return null;
            case FaultKind.OverflowEvents:
                kernel.LosesEvents = true;
                RemoveSome(kernel, random);
                kernel.LosesEvents = false;
                kernel.Overflow();
                return null;
            case FaultKind.LoseEvents:
                kernel.LosesEvents = true;
                RemoveSome(kernel, random);
                return () => kernel.LosesEvents = false;
            case FaultKind.RefuseReads:
                kernel.RefusesReads = true;
                return () => kernel.RefusesReads = false;
            default:
                kernel.RefusesWrites = true;
                RemoveSome(kernel, random);
                return () => kernel.RefusesWrites = false;
        }
    }

    private static void RemoveSome(SimulatedKernel kernel, Random random)
    {
        foreach (KernelKey key in kernel.Entries.Keys.Where(_ => random.Next(2) == 0).ToArray()) kernel.Tamper(key, null);
    }

    private void PutForeign(string key, Random random)
    {
        world.Foreign.Add(key);
        world.Store.Put(key, Bytes(ForeignDocuments.Draw(random)), TimeSpan.FromMinutes(30));
    }

    // Unless a node has taken the subnet meanwhile.
    private void DeleteForeign(string key)
    {
        if (world.Store.Find(key) is { } entry && LeaseHistory.AddressOf(entry) is { } address
            && address.ToString().StartsWith("192.168.200.", StringComparison.Ordinal))
        {
            world.Store.Delete(key);
        }
    }

    private Action? NoteInStore(Action? end)
    {
        world.Duplicates.NoteStoreFault();
        return end is null ? null : () =>
        {
            end();
            world.Duplicates.NoteStoreFault();
        };
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
