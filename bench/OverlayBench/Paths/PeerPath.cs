using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Overlays;

namespace OverlayBench.Paths;

/// <summary>An overlay by udp of two processes of another flanneld, with their leases in an etcd on the first host.</summary>
/// <param name="lab">Where the namespaces are made.</param>
/// <param name="program">The program's file.</param>
internal sealed class PeerPath(Lab lab, string program) : OverlayPath(lab, "peer udp")
{
    private const int Mtu = ContainerPair.UnderlayMtu - 28; // an IPv4 and a UDP header
    private static readonly TimeSpan TimeToTakePeersIn = TimeSpan.FromSeconds(10);

    private readonly List<Flanneld> _nodes = [];
    private EtcdUnderTest? _etcd;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        _etcd = await EtcdUnderTest.StartAsync(Pods.First, ContainerPair.FirstAddress, cancellationToken);
        await _etcd.PutConfigAsync(EtcdUnderTest.Prefix, """{"Network":"10.0.0.0/8","SubnetLen":24,"Backend":{"Type":"udp"}}""", cancellationToken);
        await _etcd.PutLeasesAsync(EtcdUnderTest.Prefix, Reservations, cancellationToken);
        foreach (LabHost host in (LabHost[])[Pods.First, Pods.Second]) _nodes.Add(new Flanneld(program, host, _etcd, EtcdUnderTest.Prefix));
        foreach (Flanneld node in _nodes) await node.WaitForSubnetFileAsync(cancellationToken);
        await AttachAsync(Mtu, cancellationToken);
    }

    public override async Task AddPeersAsync(int count, CancellationToken cancellationToken)
    {
        await _etcd!.PutLeasesAsync(EtcdUnderTest.Prefix, Peer.Make(count).Select(static peer => peer.UdpLease), cancellationToken);
        await Task.Delay(TimeToTakePeersIn, cancellationToken); // it does not tell when it has them
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        foreach (Flanneld node in _nodes) node.Dispose();
        _etcd?.Dispose();
    }
}
