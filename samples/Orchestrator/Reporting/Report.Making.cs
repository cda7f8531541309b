using System.Net;
using System.Net.Sockets;
using Orchestrator.Machines;
using Orchestrator.Pinging;

namespace Orchestrator.Reporting;

/// <content>How the facts are gathered.</content>
internal sealed partial record Report
{
    /// <summary>The report of a demo that came to its end.</summary>
    public static Report Of(
        DemoOptions options, Cluster cluster, ILookup<DemoHost, Tunnel> before, ILookup<DemoHost, Tunnel> after, IReadOnlyList<Ping> pings,
        TimeSpan elapsed)
    {
        List<HostReport> hosts = [.. cluster.Hosts.Select(host => Of(host, before[host], after[host], pings))];
        return new Report
        {
            Backend = options.Backend,
            Networks = [.. new[] { cluster.Config.Network, cluster.Config.IPv6Network }.OfType<IPNetwork>().Select(network => network.ToString())],
            Hosts = hosts,
            Pings = [.. pings.Select(Of)],
            Failures = [.. pings.Where(ping => !ping.IsAnswered).Select(Describe), .. hosts.SelectMany(host => FailuresOf(host, cluster.HasTunnels))],
            Seconds = Math.Round(elapsed.TotalSeconds, 3),
        };
    }

    /// <summary>The report of a demo that could not go on.</summary>
    public static Report OfFailure(DemoOptions options, string failure, TimeSpan elapsed) =>
        new() { Backend = options.Backend, Failures = [failure], Seconds = Math.Round(elapsed.TotalSeconds, 3) };

    private static HostReport Of(DemoHost host, IEnumerable<Tunnel> before, IEnumerable<Tunnel> after, IReadOnlyList<Ping> pings) => new()
    {
        Name = host.Name,
        Namespace = host.Machine.Name,
        Addresses = [.. host.Addresses.Select(address => address.ToString())],
        Subnets = [.. host.Subnets.Select(subnet => subnet.ToString())],
        Mtu = host.Mtu,
        Tunnels = [.. before.Join(
            after, tunnel => tunnel.Device, tunnel => tunnel.Device, (earlier, later) => Of(earlier, later, Crossings(host, earlier.Family, pings)))],
        Containers = [.. host.Containers.Select(container => new ContainerReport(
            container.Name, container.Machine.Name, [.. container.Addresses.Select(address => address.ToString())]))],
    };

    // An unanswered ping proves nothing about where it was lost, so only answered ones count.
    private static int Crossings(DemoHost host, AddressFamily? family, IReadOnlyList<Ping> pings) => pings.Count(ping =>
        ping.IsAnswered && ping.CrossesHosts && (family is null || ping.Address.AddressFamily == family)
            && (ping.From.Host == host || ping.To.Host == host));

    private static TunnelReport Of(Tunnel before, Tunnel after, int needed) => new()
    {
        Device = after.Device,
        VtepMac = before.Mac is null ? null : string.Join(':', after.Mac!.GetAddressBytes().Select(part => $"{part:x2}")),
        SentBefore = before.Sent,
        SentAfter = after.Sent,
        ReceivedBefore = before.Received,
        ReceivedAfter = after.Received,
        Needed = needed,
    };

    private static PingReport Of(Ping ping) => new()
    {
        From = ping.From.Name,
        FromHost = ping.From.Host.Name,
        To = ping.To.Name,
        ToHost = ping.To.Host.Name,
        Address = ping.Address.ToString(),
        Milliseconds = ping.RoundTrip is { } time ? Math.Round(time.TotalMilliseconds, 3) : null,
    };

    private static string Describe(Ping ping) => $"{ping.From.Name} got no answer from {ping.To.Name} ({ping.Address}).";

    private static IEnumerable<string> FailuresOf(HostReport host, bool needsTunnels)
    {
        if (needsTunnels && host.Tunnels.Count == 0) yield return $"{host.Name} has no tunnel.";
        foreach (TunnelReport tunnel in host.Tunnels.Where(tunnel => !tunnel.CarriedAll))
        {
            yield return $"{tunnel.Device} of {host.Name} sent {tunnel.Sent} and received {tunnel.Received} packets, but the answered pings need " +
                $"{tunnel.Needed} each way.";
        }
    }
}
