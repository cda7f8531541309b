using System.Diagnostics.Metrics;
using Flannel.Simulation.Models;
using Flannel.Simulation.Rules;
using Flannel.Simulation.Scheduling;

namespace Flannel.Simulation.Runs;

/// <summary>Everything that there is in one run.</summary>
internal sealed class World : IDisposable
{
    public const string Config = """{"Network":"10.5.0.0/16","SubnetLen":24,"Backend":{"Type":"sim"}}""";

    /// <param name="seed">Decides everything.</param>
    /// <param name="hosts">How many hosts there are.</param>
    /// <param name="log">Told of everything, for replays.</param>
    public World(int seed, int hosts, Action<string>? log)
    {
        Scheduler scheduler = null!;
        Log = log is null ? null : line => log($"{scheduler.Now.TotalSeconds,9:0.000} {line}");
        Scheduler = scheduler = new Scheduler(new Random(seed))
        {
            OnStep = log is null ? null : step => Log!($"{(step.Process is { } process ? $"host {process.Host}" : "world")}: {step.What}"),
        };
        Safety = new SafetyRules(this);
        Duplicates = new DuplicateRules(this);
        // Half of the hosts remember their lease, and one store in four cannot tell a claim from an update.
        var kinds = new Random(seed ^ 0x2545f491);
        Store = new StoreServer(Scheduler, History, Config, hasClaims: kinds.Next(4) > 0);
        Hosts = [.. Enumerable.Range(0, hosts).Select(number => new SimulatedHost(
            this, number, StateDirectory.Create(isKept: kinds.Next(2) == 0)))];
    }

    public Scheduler Scheduler { get; }

    public LeaseHistory History { get; } = new();

    public StoreServer Store { get; }

    public IReadOnlyList<SimulatedHost> Hosts { get; }

    /// <summary>The hosts, and those beside them that were given the address of one.</summary>
    public IEnumerable<SimulatedHost> AllHosts => Hosts.Concat(Twins);

    /// <summary>Hosts that were given the address of another, in the order in which they came.</summary>
    public List<SimulatedHost> Twins { get; } = [];

    public SafetyRules Safety { get; }

    public DuplicateRules Duplicates { get; }

    public MeterShelf Meters { get; } = new();

    /// <summary>Where a replay is written down; <see langword="null"/> otherwise.</summary>
    public Action<string>? Log { get; }

    /// <summary>Keys that somebody put who has no business there: none of them is a lease.</summary>
    public HashSet<string> Strays { get; } = new(StringComparer.Ordinal);

    /// <summary>Keys that another program holds leases under.</summary>
    public HashSet<string> Foreign { get; } = new(StringComparer.Ordinal);

    /// <summary>The host of a number.</summary>
    public SimulatedHost HostOf(int number) => number < SimulatedHost.FirstTwin ? Hosts[number] : Hosts[number - SimulatedHost.FirstTwin].Twin!;

    public void Dispose()
    {
        Meters.Dispose();
        foreach (SimulatedHost host in AllHosts) host.State?.Dispose();
    }

    /// <summary>The meters of one run, which nobody reads. The runtime keeps every meter until it is disposed of.</summary>
    internal sealed class MeterShelf : IMeterFactory
    {
        private readonly List<Meter> _meters = [];

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(options);
            _meters.Add(meter);
            return meter;
        }

        public void Dispose()
        {
            foreach (Meter meter in _meters) meter.Dispose();
        }
    }
}
