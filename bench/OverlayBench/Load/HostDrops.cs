using System.Globalization;
using Flannel.Benchmarks.Labs;

namespace OverlayBench.Load;

/// <summary>What the kernel of the two hosts has dropped. A super-packet counts once, however many segments it holds.</summary>
/// <param name="AtDevices">Packets that a device did not send or did not take, of which a TUN device's queue is one.</param>
/// <param name="AtSockets">Datagrams for which a UDP socket had no room.</param>
internal readonly record struct HostDrops(double AtDevices, double AtSockets)
{
    public static HostDrops Read(ContainerPair pods) => Read(pods.First) + Read(pods.Second);

    public static HostDrops operator +(HostDrops one, HostDrops other) => new(one.AtDevices + other.AtDevices, one.AtSockets + other.AtSockets);

    public static HostDrops operator -(HostDrops after, HostDrops before) =>
        new(after.AtDevices - before.AtDevices, after.AtSockets - before.AtSockets);

    private static HostDrops Read(LabHost host)
    {
        double atDevices = host.Netlink.GetLinks().Sum(static link => (double)(link.Statistics?.SendDrops + link.Statistics?.ReceiveDrops ?? 0));
        string[][] udp = host.Namespace.Run(static () => File.ReadLines("/proc/thread-self/net/snmp")
            .Where(static line => line.StartsWith("Udp:", StringComparison.Ordinal)).Select(static line => line.Split(' ')).ToArray());
        return new HostDrops(atDevices, Counter("RcvbufErrors") + Counter("SndbufErrors"));

        double Counter(string name) => double.Parse(udp[1][Array.IndexOf(udp[0], name)], CultureInfo.InvariantCulture);
    }
}
