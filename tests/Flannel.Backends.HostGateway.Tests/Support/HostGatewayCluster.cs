using System.Net;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.HostGateway.Tests.Support;

/// <summary>
/// Hosts of a lab with a host-gw network each, and no store between them: a test says who knows whom. Host n has the subnet 10.5.n.0/24 and, with
/// dual stack, fd00:5:0:n::/64.
/// </summary>
internal sealed class HostGatewayCluster : IAsyncDisposable
{
    private readonly List<HostGatewayNode> _nodes = [];

    private HostGatewayCluster(NetworkLab lab) => Lab = lab;

    public NetworkLab Lab { get; }

    public IReadOnlyList<HostGatewayNode> Nodes => _nodes;

    /// <summary>Makes the lab; networks are created by <see cref="AddNodeAsync"/>.</summary>
    public static HostGatewayCluster Create(int hosts = 1, bool dualStack = false) =>
        new(NetworkLab.Create(new LabOptions { Hosts = hosts, DualStack = dualStack }));

    /// <summary>A cluster whose hosts all know each other and have the kernel in the desired state.</summary>
    public static async Task<HostGatewayCluster> StartAsync(int hosts = 2, bool ipv4 = true, bool ipv6 = false)
    {
        HostGatewayCluster cluster = Create(hosts, ipv6);
        try
        {
            foreach (LabHost host in cluster.Lab.Hosts) await cluster.AddNodeAsync(host, ipv4, ipv6);
            await cluster.MeetAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async Task<HostGatewayNode> AddNodeAsync(LabHost host, bool ipv4 = true, bool ipv6 = false)
    {
        int number = Lab.Hosts.ToList().IndexOf(host) + 1;
        HostGatewayNode node = await HostGatewayNode.StartAsync(host, number, ConfigOf(ipv4, ipv6));
        _nodes.Add(node);
        return node;
    }

    public static NetworkConfig ConfigOf(bool ipv4 = true, bool ipv6 = false)
    {
        string networks = (ipv4, ipv6) switch
        {
            (true, false) => "\"Network\":\"10.5.0.0/16\"",
            (false, true) => "\"EnableIPv4\":false,\"EnableIPv6\":true,\"IPv6Network\":\"fd00:5::/48\",\"IPv6SubnetLen\":64",
            _ => "\"EnableIPv6\":true,\"Network\":\"10.5.0.0/16\",\"IPv6Network\":\"fd00:5::/48\",\"IPv6SubnetLen\":64",
        };
        return NetworkConfig.Parse($"{{{networks},\"Backend\":{{\"Type\":\"host-gw\"}}}}", "test");
    }

    public static SubnetKey KeyOf(int number, bool ipv4 = true, bool ipv6 = false) => new(
        ipv4 ? IPNetwork.Parse($"10.5.{number}.0/24") : null,
        ipv6 ? IPNetwork.Parse($"fd00:5:0:{number:x}::/64") : null);

    /// <summary>A lease of a host that is not there: number n is at 192.168.100.n and, if it has IPv6, at fd00:100::n.</summary>
    public static Lease PeerOf(int number, string? publicIP = null, string? publicIPv6 = null, bool ipv4 = true, bool ipv6 = false) => new()
    {
        Key = KeyOf(number, ipv4, ipv6),
        CreateRevision = number,
        Attributes = new LeaseAttributes
        {
            PublicIP = ipv4 ? IPAddress.Parse(publicIP ?? $"192.168.100.{number}") : null,
            PublicIPv6 = ipv6 ? IPAddress.Parse(publicIPv6 ?? $"fd00:100::{number:x}") : null,
            BackendType = "host-gw",
        },
    };

    public async ValueTask DisposeAsync()
    {
        foreach (HostGatewayNode node in _nodes) await node.DisposeAsync();
        await Lab.DisposeAsync();
    }

    private async Task MeetAsync()
    {
        foreach (HostGatewayNode node in _nodes) node.Network.SetPeers([.. _nodes.Where(other => other != node).Select(static other => other.Lease)]);
        foreach (HostGatewayNode node in _nodes) await node.WaitForConvergenceAsync();
    }
}
