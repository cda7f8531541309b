using Flannel.Integration.Tests.Overlay;
using Flannel.Lab.Etcd;
using Flannel.Lab.Namespaces;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Etcd;

/// <summary>Hosts in namespaces, each with a VXLAN node in this process that has its own client of a real etcd.</summary>
internal sealed class EtcdOverlay : IAsyncDisposable
{
    private const string ConfigKey = "/coreos.com/network/config";

    private readonly List<OverlayNode> _nodes = [];

    private EtcdOverlay(EtcdServer etcd, NetworkLab lab) => (Etcd, Lab) = (etcd, lab);

    public EtcdServer Etcd { get; }

    public NetworkLab Lab { get; }

    public static async Task<EtcdOverlay> StartAsync(int hosts, int members, string config = OverlayCluster.Vxlan)
    {
        EtcdServer etcd = await EtcdServer.StartAsync(new EtcdOptions { Members = members });
        var overlay = new EtcdOverlay(etcd, NetworkLab.Create(new LabOptions { Hosts = hosts, DualStack = true }));
        try
        {
            await overlay.PutConfigAsync(config);
            foreach (LabHost host in overlay.Lab.Hosts) await overlay.AddAsync(host);
            for (int host = 0; host < hosts; host++)
            {
                await overlay.UntilAsync(
                    host, status => status is { State: FlannelNodeState.Ready, IsConverged: true } && status.Peers.Count == hosts - 1);
            }

            return overlay;
        }
        catch
        {
            await overlay.DisposeAsync();
            throw;
        }
    }

    public IFlannelNode Node(int host) => _nodes[host].Node;

    public Task PutConfigAsync(string config) => Etcd.RunAsync("put", ConfigKey, config);

    public LabContainer AddContainer(int host) => Lab.Hosts[host].AddContainer(Node(host).Lease.Subnet, Node(host).Lease.SubnetIPv6, Node(host).Mtu);

    public Task<FlannelNodeStatus> UntilAsync(int host, Func<FlannelNodeStatus, bool> condition) => _nodes[host].UntilAsync(condition);

    public async ValueTask DisposeAsync()
    {
        foreach (OverlayNode node in _nodes) await node.DisposeAsync();
        await Lab.DisposeAsync();
        await Etcd.DisposeAsync();
    }

    private async Task AddAsync(LabHost host)
    {
        var node = new OverlayNode(host, builder => builder.UseEtcd(options => options.Endpoints = Etcd.Endpoints).UseVxlan());
        _nodes.Add(node);
        await node.Node.StartAsync();
    }
}
