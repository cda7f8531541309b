using System.Net;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Overlay;

/// <summary>
/// Hosts in namespaces, each with a node of the same network in this process, on one in-memory store that can go away, from all of them or from one.
/// </summary>
internal sealed class OverlayCluster : IAsyncDisposable
{
    // The subnets behind SubnetMax are left to what a test puts there itself: no node draws one of them.
    public const string Vxlan = """{"Network":"10.5.0.0/16","SubnetMax":"10.5.199.0","Backend":{"Type":"vxlan"}}""";
    public const string VxlanDualStack =
        """{"Network":"10.5.0.0/16","SubnetMax":"10.5.199.0","EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{"Type":"vxlan"}}""";
    public const string VxlanIPv6Only = """{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{"Type":"vxlan"}}""";

    public const string UdpDualStack =
        """{"Network":"10.5.0.0/16","SubnetMax":"10.5.199.0","EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{"Type":"udp"}}""";

    /// <summary>Without a backend it is udp, as with flannel.</summary>
    public const string Udp = """{"Network":"10.5.0.0/16","SubnetMax":"10.5.199.0"}""";

    public const string HostGatewayDualStack =
        """{"Network":"10.5.0.0/16","SubnetMax":"10.5.199.0","EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{"Type":"Host-GW"}}""";

    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan WarmUpLimit = TimeSpan.FromSeconds(10);

    private readonly Dictionary<LabHost, OverlayNode> _nodes = [];
    private readonly Dictionary<LabHost, FaultyLeaseStore> _ways = [];

    private OverlayCluster(NetworkLab lab, string config)
    {
        Lab = lab;
        Memory = new InMemoryLeaseStore(config);
        Store = new FaultyLeaseStore(Memory);
    }

    public NetworkLab Lab { get; }

    public InMemoryLeaseStore Memory { get; }

    public FaultyLeaseStore Store { get; }

    public IReadOnlyList<LabHost> Hosts => Lab.Hosts;

    /// <summary>Makes the hosts and starts no node.</summary>
    public static OverlayCluster Create(int hosts, string config = Vxlan, int underlayMtu = 1500) =>
        new(NetworkLab.Create(new LabOptions { Hosts = hosts, DualStack = true, Mtu = underlayMtu }), config);

    /// <summary>Makes the hosts and waits until every node is ready and knows all the others.</summary>
    public static async Task<OverlayCluster> StartAsync(
        int hosts, string config = Vxlan, int underlayMtu = 1500, Action<LabHost, FlannelOptions>? configure = null)
    {
        OverlayCluster cluster = Create(hosts, config, underlayMtu);
        try
        {
            foreach (LabHost host in cluster.Hosts) await cluster.AddNodeAsync(host, options => configure?.Invoke(host, options));
            await cluster.MeshAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public IFlannelNode Node(int host) => _nodes[Hosts[host]].Node;

    /// <summary>One host's way to the store: that can be away from it alone.</summary>
    public FaultyLeaseStore StoreOf(int host)
    {
        if (!_ways.TryGetValue(Hosts[host], out FaultyLeaseStore? way)) _ways[Hosts[host]] = way = new FaultyLeaseStore(Store);
        return way;
    }

    public async Task<IFlannelNode> AddNodeAsync(LabHost host, Action<FlannelOptions>? configure = null, ILeaseStore? store = null)
    {
        var node = new OverlayNode(host, builder => Use(builder, store ?? StoreOf(Hosts.ToList().IndexOf(host))), configure);
        _nodes[host] = node;
        await node.Node.StartAsync();
        return node.Node;
    }

    /// <summary>Stops the node as its stop mode says and forgets it.</summary>
    public async Task StopNodeAsync(int host)
    {
        if (_nodes.Remove(Hosts[host], out OverlayNode? node)) await node.DisposeAsync();
    }

    /// <summary>Stops the node and starts another one in its place, as a new process would.</summary>
    public async Task<IFlannelNode> RestartAsync(int host, Action<FlannelOptions>? configure = null)
    {
        await StopNodeAsync(host);
        IFlannelNode node = await AddNodeAsync(Hosts[host], configure);
        await node.WaitForReadyAsync().WaitAsync(Limit);
        return node;
    }

    /// <summary>Waits until every node is ready and has programmed every other.</summary>
    public async Task MeshAsync()
    {
        foreach (OverlayNode node in _nodes.Values)
            await node.UntilAsync(status => status is { State: FlannelNodeState.Ready, IsConverged: true } && status.Peers.Count == _nodes.Count - 1);
    }

    public Task<FlannelNodeStatus> UntilAsync(int host, Func<FlannelNodeStatus, bool> condition) => _nodes[Hosts[host]].UntilAsync(condition);

    /// <summary>Adds a container with addresses from the host's lease.</summary>
    public LabContainer AddContainer(int host, int? mtu = null)
    {
        IFlannelNode node = Node(host);
        return Hosts[host].AddContainer(node.Lease.Subnet, node.Lease.SubnetIPv6, mtu ?? node.Mtu);
    }

    public static async Task AssertPingAsync(LabContainer from, LabContainer to)
    {
        foreach (IPAddress address in new[] { to.Address, to.AddressIPv6 }.OfType<IPAddress>())
        {
            // Until links have found their neighbours, which takes IPv6 seconds, the kernel drops what it cannot deliver yet.
            using var warmUp = new CancellationTokenSource(WarmUpLimit);
            while (!(await from.PingAsync(address)).AllAnswered && !warmUp.IsCancellationRequested)
            {
            }

            PingReport report = await from.PingAsync(address, new PingOptions { Count = 2 });
            Assert.True(report.AllAnswered, $"{from.NamespaceName} to {address}: {report}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (OverlayNode node in _nodes.Values) await node.DisposeAsync();
        await Lab.DisposeAsync();
    }

    private static void Use(IFlannelBuilder builder, ILeaseStore store) => builder.UseStore(store).UseVxlan().UseUdp().UseHostGateway();
}
