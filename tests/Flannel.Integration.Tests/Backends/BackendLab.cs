using System.Collections.Concurrent;
using Flannel.Extensibility;
using Flannel.Lab.Backends;
using Flannel.Lab.Namespaces;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Flannel.Integration.Tests.Backends;

/// <summary>
/// Hosts with networks of any backend on them, and no store between them: what a backend does to the kernel and says of it, alike for all of them.
/// Host n has the subnets 10.5.n.0/24 and fd00:5:0:n::/64.
/// </summary>
internal sealed class BackendLab : IAsyncDisposable
{
    private const string Name = "lab";

    private readonly ConcurrentQueue<string> _log = new();
    private readonly ServiceProvider _services;
    private readonly List<(LabHost Host, IBackendNetwork Network, Lease Lease)> _running = [];

    public BackendLab(int hosts = 2)
    {
        Lab = NetworkLab.Create(new LabOptions { Hosts = hosts, DualStack = true });
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(new QueueLoggerProvider(_log)));
        services.AddFlannel(Name).UseVxlan().UseHostGateway().UseUdp(options => options.AcceptUnknownSenders = AcceptUnknownSenders);
        _services = services.BuildServiceProvider();
    }

    public NetworkLab Lab { get; }

    /// <summary>How the networks that are started from now on are guarded.</summary>
    public GuardOptions Guard { get; } = new();

    /// <summary>Whether udp takes datagrams of hosts that are no peers; to be said before the first network is started.</summary>
    public bool AcceptUnknownSenders { get; set; }

    /// <summary>Whether the networks that are started from now on have IPv6 beside IPv4.</summary>
    public bool IsDualStack { get; set; } = true;

    public IReadOnlyList<LabHost> Hosts => Lab.Hosts;

    /// <summary>What was logged, level first.</summary>
    public IReadOnlyCollection<string> Log => _log;

    public IBackendNetwork Network(int host) => _running.Single(running => running.Host == Hosts[host]).Network;

    public static SubnetKey KeyOf(int number) => SubnetKey.Parse($"10.5.{number}.0-24&fd00:5:0:{number:x}::-64");

    public LabContainer[] AddContainers() =>
        [.. Hosts.Select((host, index) => host.AddContainer(KeyOf(index + 1).IPv4, KeyOf(index + 1).IPv6, mtu: 1380))];

    /// <summary>Starts a network on every host and lets them know each other, as nodes do that are restarted with another configuration.</summary>
    public Task StartAsync(string backend, int? hosts = null) => StartAsync(backend, [.. Hosts.Take(hosts ?? Hosts.Count)]);

    /// <summary>The same on some of the hosts.</summary>
    public async Task StartAsync(string backend, LabHost[] hosts)
    {
        foreach (LabHost host in hosts) await StartAsync(host, backend);
        foreach (var (host, network, _) in _running)
            network.SetPeers([.. _running.Where(other => other.Host != host).Select(static other => other.Lease)]);
        foreach (var (_, network, _) in _running) await network.WaitAsync(static status => status is { IsConverged: true, PeerProblems.Count: 0 });
    }

    public async Task<IBackendNetwork> StartAsync(LabHost host, string backend, bool isByDefaultRoute = false, SubnetKey? own = null)
    {
        int subnet = Hosts.ToList().IndexOf(host) + 1;
        string enabled = IsDualStack ? "true" : "false";
        NetworkConfig config = NetworkConfig.Parse(
            $$"""{"EnableIPv6":{{enabled}},"IPv6Network":"fd00:5::/48","IPv6SubnetLen":64,"Network":"10.5.0.0/16","Backend":{{backend}}}""", "test");
        IBackendNetwork network = await _services.GetKeyedServices<IBackend>(Name).Single(candidate => candidate.Name == config.BackendType)
            .CreateNetworkAsync(
                new BackendContext
                {
                    NetworkName = Name,
                    Config = config,
                    ExternalInterface = host.External with { IsByDefaultRoute = isByDefaultRoute },
                    NetworkNamespace = host.NamespaceName,
                    ResyncInterval = TimeSpan.FromMinutes(10),
                    Guard = Guard,
                },
                CancellationToken.None);
        SubnetKey key = own ?? (IsDualStack ? KeyOf(subnet) : SubnetKey.Parse($"10.5.{subnet}.0-24"));
        var lease = new Lease { Key = key, Attributes = network.Attributes, CreateRevision = subnet };
        _running.Add((host, network, lease));
        await network.StartAsync(lease, CancellationToken.None);
        return network;
    }

    /// <summary>Ends all networks, as their processes would.</summary>
    public async Task StopAsync()
    {
        foreach (var (_, network, _) in _running) await network.DisposeAsync();
        _running.Clear();
    }

    /// <summary>What flannel's vxlan leaves on a host that knew another.</summary>
    public static async Task LeaveFlannelsVxlanAsync(LabHost host, int number, LabHost peer, int peerNumber, string port = "8472")
    {
        await Sh(host, $"""
            ip link add flannel.1 address 02:00:00:00:04:0{number} type vxlan id 1 local {host.Address} dev eth0 dstport {port} nolearning
            ip addr add 10.5.{number}.0/32 dev flannel.1
            ip link set flannel.1 mtu 1450 up
            ip neigh add 10.5.{peerNumber}.0 lladdr 02:00:00:00:04:0{peerNumber} dev flannel.1 nud permanent
            bridge fdb append 02:00:00:00:04:0{peerNumber} dev flannel.1 dst {peer.Address}
            ip route add 10.5.{peerNumber}.0/24 via 10.5.{peerNumber}.0 dev flannel.1 onlink
            ip link add flannel-v6.1 address 02:00:00:00:06:0{number} type vxlan id 1 local {host.AddressIPv6} dev eth0 dstport {port} nolearning
            ip addr add fd00:5:0:{number}::/128 dev flannel-v6.1 nodad
            ip link set flannel-v6.1 mtu 1430 up
            ip -6 neigh add fd00:5:0:{peerNumber}:: lladdr 02:00:00:00:06:0{peerNumber} dev flannel-v6.1 nud permanent
            bridge fdb append 02:00:00:00:06:0{peerNumber} dev flannel-v6.1 dst {peer.AddressIPv6}
            ip -6 route add fd00:5:0:{peerNumber}::/64 via fd00:5:0:{peerNumber}:: dev flannel-v6.1 onlink
            """);
    }

    /// <summary>What flannel's host-gw leaves on a host that knew another.</summary>
    public static Task LeaveFlannelsHostGatewayAsync(LabHost host, LabHost peer, int peerNumber) => Sh(host, $"""
        ip route add 10.5.{peerNumber}.0/24 via {peer.Address} dev eth0
        ip -6 route add fd00:5:0:{peerNumber}::/64 via {peer.AddressIPv6} dev eth0
        """);

    public static Task<string> Sh(LabHost host, string commands) => host.ExecAsync("sh", "-e", "-c", commands);

    /// <summary>The devices with a name of flannel's.</summary>
    public static string[] DevicesOf(LabHost host) =>
        [.. host.Netlink.GetLinks().Select(static link => link.Name).Where(static name => name.StartsWith("flannel", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)];

    /// <summary>The routes inside the network, but for those of the host's own containers.</summary>
    public static async Task<string[]> RoutesOfAsync(LabHost host) =>
    [
        .. (await host.ExecAsync(
            "ip", "route", "show", "root", "10.5.0.0/16") + await host.ExecAsync("ip", "-6", "route", "show", "root", "fd00:5::/48"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(static route => !route.Contains("proto kernel", StringComparison.Ordinal)),
    ];

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _services.DisposeAsync();
        await Lab.DisposeAsync();
    }

    private sealed class QueueLoggerProvider(ConcurrentQueue<string> log) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Enqueue($"{logLevel}: {formatter(state, exception)}");

        public void Dispose()
        {
        }
    }
}
