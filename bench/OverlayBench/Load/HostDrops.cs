using System.Globalization;
using Flannel.Benchmarks.Labs;

namespace OverlayBench.Load;

/// <summary>Packets that the kernel of the two hosts has dropped: at their devices, and at their UDP sockets for want of room.</summary>
internal static class HostDrops
{
    public static double Read(ContainerPair pods) => Read(pods.First) + Read(pods.Second);

    private static double Read(LabHost host)
    {
        double atDevices = host.Netlink.GetLinks().Sum(static link => (double)(link.Statistics?.SendDrops + link.Statistics?.ReceiveDrops ?? 0));
        string[][] udp = host.Namespace.Run(static () => File.ReadLines("/proc/thread-self/net/snmp")
            .Where(static line => line.StartsWith("Udp:", StringComparison.Ordinal)).Select(static line => line.Split(' ')).ToArray());
        return atDevices + Counter("RcvbufErrors") + Counter("SndbufErrors");

        double Counter(string name) => double.Parse(udp[1][Array.IndexOf(udp[0], name)], CultureInfo.InvariantCulture);
    }
}
