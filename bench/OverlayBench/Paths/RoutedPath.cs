using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Overlays;

namespace OverlayBench.Paths;

/// <summary>No overlay: each host routes the other's subnet to the other.</summary>
internal sealed class RoutedPath(Lab lab) : OverlayPath(lab, "veth")
{
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Pods.First.AddRoute(SecondSubnet, ContainerPair.SecondAddress);
        Pods.Second.AddRoute(FirstSubnet, ContainerPair.FirstAddress);
        return AttachAsync(ContainerPair.UnderlayMtu, cancellationToken);
    }

    public override Task AddPeersAsync(int count, CancellationToken cancellationToken)
    {
        IReadOnlyList<Peer> peers = Peer.Make(count);
        IpBatch.Run(Pods.First, "ip", [.. peers.Select(static peer => $"route add {peer.Subnet} via {ContainerPair.SecondAddress}")]);
        IpBatch.Run(Pods.Second, "ip", [.. peers.Select(static peer => $"route add {peer.Subnet} via {ContainerPair.FirstAddress}")]);
        return Task.CompletedTask;
    }
}
