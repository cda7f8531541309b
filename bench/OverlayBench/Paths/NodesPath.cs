using Flannel;
using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Overlays;

namespace OverlayBench.Paths;

/// <summary>An overlay by two nodes of ours in this process, with their leases in its memory.</summary>
/// <param name="lab">Where the namespaces are made.</param>
/// <param name="name">What tables call it.</param>
/// <param name="backend">The backend's name in the network configuration.</param>
internal sealed class NodesPath(Lab lab, string name, string backend) : OverlayPath(lab, name)
{
    private static readonly TimeSpan TimeToLive = TimeSpan.FromHours(24);

    private readonly InMemoryLeaseStore _store = new($$"""{"Network":"10.0.0.0/8","SubnetLen":24,"Backend":{"Type":"{{backend}}"} }""");
    private readonly List<NodeUnderTest> _nodes = [];

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (Lease lease in Reservations) _store.Reserve(lease.Key, lease.Attributes);
        foreach (LabHost host in (LabHost[])[Pods.First, Pods.Second]) _nodes.Add(await NodeUnderTest.StartAsync(host, _store, cancellationToken));
        await WaitForPeersAsync(1, cancellationToken);
        await AttachAsync(_nodes[0].Node.Mtu, cancellationToken);
    }

    public override Task AddPeersAsync(int count, CancellationToken cancellationToken)
    {
        foreach (Peer peer in Peer.Make(count))
        {
            Lease lease = backend == "udp" ? peer.UdpLease : peer.Lease;
            _store.Put(lease.Key, lease.Attributes, TimeToLive);
        }

        return WaitForPeersAsync(count + 1, cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        foreach (NodeUnderTest node in _nodes) await node.DisposeAsync();
    }

    private async Task WaitForPeersAsync(int count, CancellationToken cancellationToken)
    {
        foreach (NodeUnderTest node in _nodes) await node.WaitForPeersAsync(count, cancellationToken);
    }
}
