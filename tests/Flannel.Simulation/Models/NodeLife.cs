using System.Net;
using Flannel.Core.Hosting;
using Flannel.Core.Leases.Policy;
using Flannel.Core.Sessions;
using Flannel.Simulation.Runs;
using Flannel.Simulation.Scheduling;

namespace Flannel.Simulation.Models;

/// <summary>One process with the product's node in it, from its start to its end.</summary>
internal sealed class NodeLife
{
    private readonly SimulatedHost _host;
    private readonly World _world;
    private Lease? _lease;
    private IPNetwork? _subnet;

    public NodeLife(SimulatedHost host, World world)
    {
        (_host, _world) = (host, world);
        Process = new SimulatedProcess(host.Number, world.Scheduler.Now);
        Clock = new ProcessClock(world.Scheduler, Process, () => host.WallClockShift);
        Store = new StoreClient(world.Store, host.Link, world.Scheduler, Process, world.Safety);
        var options = new FlannelOptions
        {
            StateDirectory = host.State?.Path,
            LeaseTimeToLive = SimulatedHost.TimeToLive,
            LeaseRenewMargin = SimulatedHost.TimeToLive / 3,
            PeerGracePeriod = SimulatedHost.Grace,
            MassRemovalGracePeriod = SimulatedHost.Grace, // most peers are let go as one is
            ResyncInterval = TimeSpan.FromSeconds(30),
        };
        var log = new NodeLog(this, world.Log);
        var policy = new SubnetManager(
            Store, SubnetManagerOptions.From(options), Clock, NewRandom(), new NodeLogger<SubnetManager>(log), world.Meters);
        Node = new FlannelNode(new NodeServices
        {
            Name = "",
            Options = options,
            ReadOptions = () => options,
            SubnetManager = policy,
            Store = Store,
            Backends = [new SimulatedBackend(host, this)],
            HostNetwork = host.Interface,
            Claims = new NetworkClaims(),
            Time = Clock,
            Random = NewRandom(),
            LoggerFactory = log,
            MeterFactory = world.Meters,
        });
    }

    public SimulatedProcess Process { get; }

    public ProcessClock Clock { get; }

    public StoreClient Store { get; }

    public FlannelNode Node { get; }

    /// <summary>
    /// When the node began its newest session, and then, when it was first told of peers in it: it knows of the one before what that told the data
    /// path. The end of time before the first.
    /// </summary>
    public TimeSpan SessionStarted { get; set; } = TimeSpan.MaxValue;

    /// <summary>When the data path was first told of peers, which later sessions know of; the end of time before.</summary>
    public TimeSpan PeersKnown { get; set; } = TimeSpan.MaxValue;

    /// <summary>The subnet that the node holds, or held last.</summary>
    public IPNetwork? Subnet
    {
        get
        {
            Lease? lease = Node.Status.Lease;
            if (!ReferenceEquals(lease, _lease)) (_lease, _subnet) = (lease, lease?.Subnet);
            return _subnet;
        }
    }

    public string Name => _host.Name;

    public Random NewRandom() => new(_world.Scheduler.Random.Next());

    /// <summary>Something happened that the product says never happens.</summary>
    public void Report(string what)
    {
        if (!Process.IsDead) _world.Safety.Break($"I5: {Name}: {what}");
    }
}
