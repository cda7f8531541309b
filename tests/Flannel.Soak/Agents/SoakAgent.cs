using System.Net;
using System.Net.Sockets;
using Flannel.Lab.Etcd;
using Flannel.Lab.Flanneld;
using Flannel.Lab.Namespaces;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Soak.Agents;

/// <summary>One host with its agent, the published program, and its container.</summary>
internal sealed class SoakAgent(LabHost host, EtcdServer etcd, string folder, SoakOptions options) : IAsyncDisposable
{
    private const int HealthPort = 8081;

    private FlanneldProcess? _process;

    public LabHost Host { get; } = host;

    public string SubnetFilePath { get; } = Path.Combine(folder, $"{host.NamespaceName}.env");

    /// <summary>What it leased at its first start, and has to keep.</summary>
    public SubnetFile? Leased { get; private set; }

    public LabContainer? Container { get; private set; }

    /// <summary>Its device: <c>flannel.1</c> and the like; null with host-gw.</summary>
    public string? Device => options.Backend switch { "vxlan" => "flannel.1", "udp" => "flannel0", _ => null };

    public IPNetwork Subnet => Leased!.Subnet!.Value;

    /// <summary>What it wrote last.</summary>
    public string LastWords => string.Join('\n', (_process?.Output ?? "").Split('\n').TakeLast(12));

    public void Launch() => _process = FlanneldProcess.Start(
        Host, $"-etcd-endpoints={string.Join(',', etcd.Endpoints)}", "-iface=eth0", "-ip-masq", $"-healthz-port={HealthPort}",
        $"-subnet-file={SubnetFilePath}");

    public async Task WaitForFirstLeaseAsync()
    {
        await _process!.WaitForReadyAsync();
        Leased = SubnetFile.Parse(await File.ReadAllTextAsync(SubnetFilePath));
        Container = Host.AddContainer(Leased.Subnet, null, Leased.Mtu);
    }

    public async Task KillAsync()
    {
        await _process!.KillAsync();
        await _process.DisposeAsync();
    }

    /// <returns>What is wrong with the way that it ended, or <see langword="null"/>.</returns>
    public async Task<string?> StopAsync()
    {
        int code = await _process!.StopAsync();
        string? problem = code == 0 ? null : $"the agent of {Host.NamespaceName} ended with code {code} when it was stopped:\n{LastWords}";
        await _process.DisposeAsync();
        return problem;
    }

    public Task PauseAsync() => _process!.SignalAsync("STOP");

    public Task ResumeAsync() => _process!.SignalAsync("CONT");

    /// <summary>Why the host is not as it should be, or <see langword="null"/>.</summary>
    public async Task<string?> FindProblemAsync(IReadOnlyList<SoakAgent> all)
    {
        if (_process!.HasExited) return $"its agent has ended:\n{LastWords}";
        try
        {
            (HttpStatusCode status, string body) = await _process.GetAsync(HealthPort, "/readyz");
            if (status != HttpStatusCode.OK) return body;
        }
        catch (HttpRequestException exception)
        {
            return $"its agent answers no probe: {exception.Message}";
        }

        if (SubnetFile.Parse(await File.ReadAllTextAsync(SubnetFilePath)) != Leased)
            return $"its subnet file is another one: {await File.ReadAllTextAsync(SubnetFilePath)}";
        return FindProblemInKernel([.. all.Where(agent => agent != this)]);
    }

    public ProcessSample Sample() => ProcessSample.Of(_process!.Id);

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
    }

    private string? FindProblemInKernel(SoakAgent[] peers)
    {
        RouteNetlink kernel = Host.Netlink;
        if (Device is not null && kernel.FindLink(Device) is null) return $"it has no {Device}";
        Link device = Host.Device(Device ?? "eth0");
        RouteEntry[] routes = [.. kernel.GetRoutes(AddressFamily.InterNetwork)
            .Where(
                route => route.LinkIndex == device.Index && route.Destination.PrefixLength is > 8 and < 32
                    && Overlay.Contains(route.Destination.BaseAddress))];
        if (options.Backend == "udp") return routes.Any(static route => route.Destination == Overlay) ? null : "it has no route for the overlay";

        string[] wanted = [.. peers.Select(peer => $"{peer.Subnet} via " +
            $"{(options.Backend == "vxlan" ? peer.Subnet.BaseAddress : peer.Host.Address)}").Order(StringComparer.Ordinal)];
        string[] found = [.. routes.Where(static route => route.Gateway is not null).Select(static route => $"{route.Destination} via " +
            $"{route.Gateway}").Order(StringComparer.Ordinal)];
        if (!wanted.SequenceEqual(found)) return $"its routes to peers: missing {List(wanted.Except(found))}, extra {List(found.Except(wanted))}";
        if (options.Backend != "vxlan") return null;

        string[] outer = [.. kernel.GetFdb(device.Index).Select(static entry => $"{entry.Destination}").Order(StringComparer.Ordinal)];
        string[] hosts = [.. peers.Select(static peer => $"{peer.Host.Address}").Order(StringComparer.Ordinal)];
        if (!hosts.SequenceEqual(outer)) return $"its forwarding entries: missing {List(hosts.Except(outer))}, extra {List(outer.Except(hosts))}";
        string[] inner = [.. kernel.GetNeighbours(AddressFamily.InterNetwork, device.Index).Select(static entry => $"{entry.Destination}")
            .Order(StringComparer.Ordinal)];
        string[] gateways = [.. peers.Select(static peer => $"{peer.Subnet.BaseAddress}").Order(StringComparer.Ordinal)];
        return gateways.SequenceEqual(inner) ? null : $"its neighbours: missing {List(gateways.Except(inner))}, extra {List(inner.Except(gateways))}";
    }

    private static IPNetwork Overlay => SoakCluster.Network;

    private static string List(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } text ? text : "none";
}
