using System.Net;
using Flannel.Lab.Namespaces;
using Microsoft.Extensions.Logging;

namespace Flannel.Backends.Udp.Tests.Support;

/// <summary>
/// Hosts of a lab with a UDP network each, and no store between them: a test says who knows whom. Host n has the subnet 10.5.n.0/24 and, with dual
/// stack, fd00:5:0:n::/64.
/// </summary>
internal sealed class UdpCluster : IAsyncDisposable
{
    private readonly List<UdpNode> _nodes = [];

    private UdpCluster(NetworkLab lab) => Lab = lab;

    public NetworkLab Lab { get; }

    public IReadOnlyList<UdpNode> Nodes => _nodes;

    /// <summary>Makes the lab; networks are created by <see cref="AddNodeAsync"/>.</summary>
    public static UdpCluster Create(int hosts = 2, bool dualStack = false, int mtu = 1500) =>
        new(NetworkLab.Create(new LabOptions { Hosts = hosts, DualStack = dualStack, Mtu = mtu }));

    /// <summary>A cluster whose hosts all know each other.</summary>
    public static async Task<UdpCluster> StartAsync(
        int hosts = 2, bool ipv4 = true, bool ipv6 = false, UdpBackendOptions? options = null, int mtu = 1500, ILogger<UdpBackend>? logger = null)
    {
        UdpCluster cluster = Create(hosts, ipv6, mtu);
        try
        {
            foreach (LabHost host in cluster.Lab.Hosts) await cluster.AddNodeAsync(host, ipv4, ipv6, options, logger);
            cluster.Meet();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async Task<UdpNode> AddNodeAsync(
        LabHost host, bool ipv4 = true, bool ipv6 = false, UdpBackendOptions? options = null, ILogger<UdpBackend>? logger = null,
        GuardOptions? guard = null)
    {
        int number = Lab.Hosts.ToList().IndexOf(host) + 1;
        UdpNode node = await UdpNode.StartAsync(host, number, ConfigOf(ipv4, ipv6), options, logger, guard);
        _nodes.Add(node);
        return node;
    }

    /// <summary>Ends one node, as its process would.</summary>
    public async Task StopAsync(UdpNode node)
    {
        _nodes.Remove(node);
        await node.DisposeAsync();
    }

    /// <summary>Tells every node of all others.</summary>
    public void Meet()
    {
        foreach (UdpNode node in _nodes) node.Network.SetPeers([.. _nodes.Where(other => other != node).Select(static other => other.Lease)]);
    }

    /// <summary>A container behind each node.</summary>
    public LabContainer[] AddContainers() => [.. _nodes.Select(static node => node.AddContainer())];

    public static NetworkConfig ConfigOf(bool ipv4 = true, bool ipv6 = false, string backend = "")
    {
        string networks = (ipv4, ipv6) switch
        {
            (true, false) => "\"Network\":\"10.5.0.0/16\"",
            (false, true) => "\"EnableIPv4\":false,\"EnableIPv6\":true,\"IPv6Network\":\"fd00:5::/48\",\"IPv6SubnetLen\":64",
            _ => "\"EnableIPv6\":true,\"Network\":\"10.5.0.0/16\",\"IPv6Network\":\"fd00:5::/48\",\"IPv6SubnetLen\":64",
        };
        return NetworkConfig.Parse($"{{{networks},\"Backend\":{{\"Type\":\"udp\"{(backend.Length == 0 ? "" : "," + backend)}}}}}", "test");
    }

    public static SubnetKey KeyOf(int number, bool ipv4 = true, bool ipv6 = false) => new(
        ipv4 ? IPNetwork.Parse($"10.5.{number}.0/24") : null,
        ipv6 ? IPNetwork.Parse($"fd00:5:0:{number:x}::/64") : null);

    /// <summary>The lease of a host as flannel's udp would publish it: no backend, no data.</summary>
    public static Lease LeaseOf(LabHost host, int number) => new()
    {
        Key = KeyOf(number),
        Attributes = new LeaseAttributes { PublicIP = host.Address },
        CreateRevision = number,
    };

    public async ValueTask DisposeAsync()
    {
        foreach (UdpNode node in _nodes) await node.DisposeAsync();
        await Lab.DisposeAsync();
    }
}
