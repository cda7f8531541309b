using System.Diagnostics;
using System.Globalization;
using System.Net;
using Flannel;
using Flannel.Benchmarks;
using Flannel.Benchmarks.Labs;
using OverlayBench.Load;

namespace OverlayBench.Paths;

/// <summary>Two hosts, a container behind each, and one way for packets to get from one to the other.</summary>
/// <param name="lab">Where the namespaces are made.</param>
/// <param name="name">What tables call it; also its key in the JSON.</param>
internal abstract class OverlayPath(Lab lab, string name) : IAsyncDisposable
{
    /// <summary>The first host's subnet, outside those of all imagined peers.</summary>
    protected static readonly IPNetwork FirstSubnet = IPNetwork.Parse("10.255.1.0/24");

    /// <summary>The second host's subnet.</summary>
    protected static readonly IPNetwork SecondSubnet = IPNetwork.Parse("10.255.2.0/24");

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public string Name => name;

    public ContainerPair Pods { get; } = new(lab, name.Replace(' ', '-'));

    /// <summary>The leases that keep both subnets for the two hosts.</summary>
    protected static IReadOnlyList<Lease> Reservations =>
    [
        Reservation(FirstSubnet, ContainerPair.FirstAddress),
        Reservation(SecondSubnet, ContainerPair.SecondAddress),
    ];

    /// <summary>Lets packets through, and waits until they get through.</summary>
    public abstract Task StartAsync(CancellationToken cancellationToken);

    /// <summary>Makes the hosts know that many more hosts, which do not exist.</summary>
    public abstract Task AddPeersAsync(int count, CancellationToken cancellationToken);

    /// <summary>Forbids the devices between the hosts to send more than one segment at a time, or allows it again.</summary>
    /// <param name="isAllowed">Whether they may leave segmentation to the other end, as veth does.</param>
    public void SetSegmentation(bool isAllowed)
    {
        // The kernel splits what has more segments than the device takes: what `ethtool --offload` does to TSO and to UDP segmentation, in one.
        string segments = (isAllowed ? ushort.MaxValue : 1).ToString(CultureInfo.InvariantCulture);
        foreach (LabHost host in (LabHost[])[Pods.First, Pods.Second])
            IpBatch.Run(host, "ip", $"link set {LabHost.ExternalInterface} gso_max_segs {segments}");
    }

    public virtual ValueTask DisposeAsync()
    {
        Pods.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Starts the containers and waits until one answers the other.</summary>
    protected async Task AttachAsync(int mtu, CancellationToken cancellationToken)
    {
        await Pods.AttachAsync(FirstSubnet, SecondSubnet, mtu, cancellationToken);
        long start = Stopwatch.GetTimestamp();
        while (!Echo.Answers(Pods))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Stopwatch.GetElapsedTime(start) > Patience) throw new BenchException($"{Name}: no container has got an answer within {Patience}.");
        }
    }

    private static Lease Reservation(IPNetwork subnet, IPAddress host) =>
        new() { Key = new SubnetKey(subnet, null), Attributes = new LeaseAttributes { PublicIP = host } };
}
