using System.Net;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Testing;

/// <summary>
/// One host of a <see cref="FlannelCluster"/>: a real node on a host network, a backend and a way to the store that the test controls. It may be
/// stopped, crash and start again as often as wanted; <see cref="Host"/> and <see cref="Backend"/> stay, as a host and its kernel do. Start, stop and
/// crash it one after the other.
/// </summary>
public sealed class ClusterNode
{
    private readonly FlannelCluster _cluster;
    private ServiceProvider? _process;
    private IFlannelNode? _node;

    internal ClusterNode(FlannelCluster cluster, int number, string backend)
    {
        _cluster = cluster;
        Name = $"node-{number}";
        Host = new InMemoryHostNetwork($"192.168.100.{number}", $"fd00:100::{number:x}");
        Backend = new FakeBackend(backend);
        Store = new FaultyLeaseStore(cluster.Store);
    }

    /// <summary>The host's name: <c>node-1</c>, <c>node-2</c> and so on.</summary>
    public string Name { get; }

    /// <summary>The host, whose address is 192.168.100.n (and fd00:100::n).</summary>
    public InMemoryHostNetwork Host { get; }

    /// <summary>The backend; its <see cref="FakeBackend.DataPath"/> is where the host's packets go.</summary>
    public FakeBackend Backend { get; }

    /// <summary>The host's way to the store, where calls can be made to fail one by one.</summary>
    public FaultyLeaseStore Store { get; }

    /// <summary>Whether the node runs, ready or not.</summary>
    public bool IsRunning => _node is not null;

    /// <summary>Whether the host is cut off from the store.</summary>
    public bool IsPartitioned => Store.Away is not null;

    /// <summary>The node, as the application would hold it. Each start makes another one.</summary>
    /// <exception cref="InvalidOperationException">The node does not run.</exception>
    public IFlannelNode Node => _node ?? throw new InvalidOperationException($"{Name} does not run; call {nameof(StartAsync)} first.");

    /// <summary>
    /// Starts the node and returns; await <see cref="FlannelCluster.UntilConnectedAsync"/> for more. Starting a node that runs does nothing.
    /// </summary>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (_process is not null) return;
        _process = _cluster.BuildServices(this);
        _node = _process.GetRequiredService<IFlannelNode>();
        await _node.StartAsync(cancellationToken);
    }

    /// <summary>Stops the node as its options say: by default the lease and the data path stay.</summary>
    public Task StopAsync() => EndAsync();

    /// <summary>Ends the node as a process that is killed: nothing is undone and nothing is written, whatever its options say.</summary>
    public async Task CrashAsync()
    {
        StoreException? before = Store.Away;
        KeyValuePair<SubnetKey, Lease>[] kernel = [.. Backend.Kernel];
        Store.Away = new StoreException("The process has ended.", isTransient: true) { Kind = StoreErrorKind.Unreachable };
        await EndAsync();
        foreach ((SubnetKey key, Lease peer) in kernel) Backend.Kernel[key] = peer;
        Store.Away = before;
    }

    /// <summary>Cuts the host off from the store. Packets still find the peers that are known.</summary>
    public void Partition() =>
        Store.Away = new StoreException($"{Name} is cut off from the lease store.", isTransient: true) { Kind = StoreErrorKind.Unreachable };

    /// <summary>Connects the host with the store again.</summary>
    public void Heal() => Store.Away = null;

    /// <summary>Gives the host another address, as DHCP does; the node publishes it and keeps its subnet.</summary>
    /// <param name="address">The address.</param>
    public void Move(IPAddress address) => Host.Move(address);

    /// <summary>The host's name.</summary>
    public override string ToString() => Name;

    /// <summary>Whether packets of this node find the other one at its present address.</summary>
    /// <param name="other">The other node.</param>
    /// <param name="problem">Why not, for messages.</param>
    internal bool Knows(ClusterNode other, out string problem)
    {
        FlannelNodeStatus status = Node.Status;
        if (!status.IsReady)
        {
            problem = $"{Name} is {status.State}: {status.Reason}";
            return false;
        }

        problem = $"{Name} has no way to {other.Name}";
        return other.Node.Status.Lease is { } lease
            && status.Peers.GetValueOrDefault(lease.Key)?.Attributes == lease.Attributes
            && Backend.DataPath.GetValueOrDefault(lease.Key)?.Attributes == lease.Attributes
            && Equals(lease.Attributes.PublicIP ?? lease.Attributes.PublicIPv6, other.Host.External.PublicIP ?? other.Host.External.PublicIPv6);
    }

    private async Task EndAsync()
    {
        if (_process is not { } process) return;
        (_process, _node) = (null, null);
        await _cluster.DriveAsync(process.DisposeAsync().AsTask());
    }
}
