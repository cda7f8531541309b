using System.Net;
using Flannel.Benchmarks.Labs;
using Flannel.Benchmarks.Overlays;
using Flannel.Benchmarks.Reporting;
using Flannel.Netlink.Route.Links;

namespace Flannel.Benchmarks;

/// <summary>TCP between containers of two hosts, over our VXLAN and over one made by hand.</summary>
internal sealed class ThroughputBench : IBench
{
    private const int Seconds = 2;
    private const int OverlayMtu = 1450;
    private static readonly int[] StreamCounts = [1, 4];
    private static readonly IPNetwork FirstSubnet = IPNetwork.Parse("10.1.1.0/24");
    private static readonly IPNetwork SecondSubnet = IPNetwork.Parse("10.1.2.0/24");

    public string Name => "throughput";

    public string Subject => "TCP between containers over our VXLAN, against a VXLAN made by hand with ip";

    public async Task RunAsync(int rounds, Report report, CancellationToken cancellationToken)
    {
        using var lab = new Lab();
        using var ours = new ContainerPair(lab, "ours");
        using var byHand = new ContainerPair(lab, "hand");
        using var plain = new ContainerPair(lab, "plain");

        var store = new InMemoryLeaseStore(Peer.NetworkConfig);
        await using NodeUnderTest first = await NodeUnderTest.StartAsync(ours.First, store, cancellationToken);
        await using NodeUnderTest second = await NodeUnderTest.StartAsync(ours.Second, store, cancellationToken);
        await first.WaitForPeersAsync(1, cancellationToken);
        await second.WaitForPeersAsync(1, cancellationToken);
        await ours.AttachAsync(first.Node.Lease.Subnet!.Value, second.Node.Lease.Subnet!.Value, first.Node.Mtu, cancellationToken);

        await MakeByHandAsync(byHand, cancellationToken);
        CompareDevices(ours.First, byHand.First);

        plain.First.AddRoute(SecondSubnet, ContainerPair.SecondAddress);
        plain.Second.AddRoute(FirstSubnet, ContainerPair.FirstAddress);
        await plain.AttachAsync(FirstSubnet, SecondSubnet, ContainerPair.UnderlayMtu, cancellationToken);

        foreach (int streams in StreamCounts) await MeasureAsync(streams, rounds, ours, byHand, plain, report, cancellationToken);
        report.AddNote(
            $"throughput: two hosts joined by veth of MTU {ContainerPair.UnderlayMtu}, a container routed through each, offloads as the kernel " +
            $"sets them; `iperf3 --omit 1 --time {Seconds}`, sender and receiver on the same cores. The devices were compared: same settings, " +
            "same MTU.");
    }

    private static async Task MeasureAsync(
        int streams, int rounds, ContainerPair ours, ContainerPair byHand, ContainerPair plain, Report report, CancellationToken cancellationToken)
    {
        var oursRates = new Sample();
        var byHandRates = new Sample();
        var plainRates = new Sample();
        for (int round = 0; round < rounds; round++)
        {
            report.Progress($"  {streams} stream(s), round {round + 1} of {rounds}");
            (ContainerPair Pair, Sample Rates)[] turns = [(ours, oursRates), (byHand, byHandRates), (plain, plainRates)];
            if (round % 2 == 1) turns.AsSpan(0, 2).Reverse(); // whoever comes first after the plain run may be at an advantage
            foreach ((ContainerPair pair, Sample rates) in turns) rates.Add(await pair.SendAsync(streams, Seconds, cancellationToken));
        }

        string subject = $"TCP, {streams} {(streams == 1 ? "stream" : "streams")}";
        Sample ratio = oursRates.Over(byHandRates);
        report.Add(new Result
        {
            Subject = $"{subject}, our VXLAN",
            Ours = Rate(oursRates),
            Reference = $"{Rate(byHandRates)} (VXLAN by hand)",
            Ratio = ratio,
            Goal = "1, within the spread",
            IsMet = ratio.Highest >= 1,
            Figures = new Dictionary<string, IReadOnlyList<double>> { ["ours_gbit_s"] = oursRates.Values, ["reference_gbit_s"] = byHandRates.Values },
        });
        report.Add(new Result
        {
            Subject = $"{subject}, our VXLAN against no tunnel",
            Ours = Rate(oursRates),
            Reference = $"{Rate(plainRates)} (veth alone)",
            Ratio = oursRates.Over(plainRates),
            Figures = new Dictionary<string, IReadOnlyList<double>> { ["reference_gbit_s"] = plainRates.Values },
        });
    }

    private static async Task MakeByHandAsync(ContainerPair pair, CancellationToken cancellationToken)
    {
        HandMade.AddDevice(pair.First, ContainerPair.FirstAddress, FirstSubnet.BaseAddress);
        HandMade.AddDevice(pair.Second, ContainerPair.SecondAddress, SecondSubnet.BaseAddress);
        Connect(pair.First, pair.Second, SecondSubnet, ContainerPair.SecondAddress);
        Connect(pair.Second, pair.First, FirstSubnet, ContainerPair.FirstAddress);
        await pair.AttachAsync(FirstSubnet, SecondSubnet, OverlayMtu, cancellationToken);
    }

    private static void Connect(LabHost from, LabHost to, IPNetwork subnet, IPAddress address)
    {
        Peer peer = new(subnet, address, to.Device(HandMade.Device).Address!);
        IpBatch.Run(from, "bridge", [.. HandMade.Forwarding("add", [peer])]);
        IpBatch.Run(from, "ip", [.. HandMade.Routes("add", [peer])]);
    }

    /// <summary>Two tunnels with different settings would be a comparison of settings.</summary>
    private static void CompareDevices(LabHost ours, LabHost byHand)
    {
        (VxlanInfo? Info, int Mtu) first = Settings(ours);
        (VxlanInfo? Info, int Mtu) second = Settings(byHand);
        if (first != second) throw new BenchException($"The devices differ: ours has {first}, the one made by hand {second}.");

        static (VxlanInfo? Info, int Mtu) Settings(LabHost host)
        {
            Link link = host.Device(HandMade.Device);
            return (link.Vxlan! with { ParentIndex = 0 }, link.Mtu);
        }
    }

    private static string Rate(Sample rates) => $"{Quantity.Round(rates.Median)} Gbit/s";
}
