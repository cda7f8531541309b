using Flannel.Core.Hosting;
using Flannel.Integration.Tests.Overlay;
using Flannel.Testing.Etcd;
using Flannel.Testing.Namespaces;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Etcd;

/// <summary>Hosts in namespaces, each with a VXLAN node in this process that has its own client of a real etcd.</summary>
internal sealed class EtcdOverlay : IAsyncDisposable
{
    private const string ConfigKey = "/coreos.com/network/config";

    private readonly List<ServiceProvider> _providers = [];

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
                await overlay.UntilAsync(host, status => status.State == FlannelNodeState.Ready && status.Peers.Count == hosts - 1);
            return overlay;
        }
        catch
        {
            await overlay.DisposeAsync();
            throw;
        }
    }

    public IFlannelNode Node(int host) => _providers[host].GetRequiredService<IFlannelNode>();

    public Task PutConfigAsync(string config) => Etcd.RunAsync("put", ConfigKey, config);

    public LabContainer AddContainer(int host) => Lab.Hosts[host].AddContainer(Node(host).Lease.Subnet, Node(host).Lease.SubnetIPv6, Node(host).Mtu);

    public async Task<FlannelNodeStatus> UntilAsync(int host, Func<FlannelNodeStatus, bool> condition)
    {
        using var limit = new CancellationTokenSource(OverlayCluster.Limit);
        FlannelNodeStatus last = Node(host).Status;
        try
        {
            await foreach (FlannelNodeStatus status in Node(host).WatchAsync(limit.Token))
            {
                last = status;
                if (condition(status)) return status;
            }
        }
        catch (OperationCanceledException)
        {
            // Reported below with what was seen last.
        }

        throw new TimeoutException($"The node did not get there; it is {last.State} with {last.Peers.Count} peers. {last.Reason} {last.Error}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ServiceProvider provider in _providers) await provider.DisposeAsync();
        await Lab.DisposeAsync();
        await Etcd.DisposeAsync();
    }

    private async Task AddAsync(LabHost host)
    {
        var services = new ServiceCollection();
        services
            .AddFlannel(options =>
            {
                options.NetworkNamespace = host.NamespaceName;
                options.ExternalInterface.Name = "eth0";
            })
            .UseEtcd(options => options.Endpoints = Etcd.Endpoints)
            .UseVxlan();
        ServiceProvider provider = services.BuildServiceProvider();
        _providers.Add(provider);
        await provider.GetRequiredService<IFlannelNode>().StartAsync();
    }
}
