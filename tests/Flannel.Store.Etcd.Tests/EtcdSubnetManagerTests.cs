using System.Net;
using Flannel.Core.Configuration;
using Flannel.Core.Leases;
using Flannel.Store.Etcd.Tests.Lab;
using Flannel.Testing.Etcd;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Store.Etcd.Tests;

/// <summary>Nodes on etcd, as an application registers them.</summary>
public sealed class EtcdSubnetManagerTests
{
    private const int Nodes = 20;

    // Twenty subnets and not one more.
    private const string Config = """{"Network":"10.5.0.0/16","SubnetLen":24,"SubnetMin":"10.5.1.0","SubnetMax":"10.5.20.0","Backend":{"Type":"vxlan"}}""";

    [SkippableFact]
    public async Task Acquire_TwentyNodesAtOnceOnAPoolOfTwenty_EachGetsOneAndSeesTheOthers()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await server.RunAsync("put", LabStore.Prefix + "/config", Config);
        var services = new ServiceCollection();
        for (int node = 1; node <= Nodes; node++)
            services.AddFlannel($"{node}").UseEtcd(options => options.Endpoints = server.Endpoints);
        await using ServiceProvider provider = services.BuildServiceProvider();

        (ISubnetManager Manager, LeaseRequest Request, Lease Lease)[] nodes = await Task.WhenAll(Enumerable.Range(1, Nodes).Select(node => StartAsync(provider, node)));
        int[] peers = await Task.WhenAll(nodes.Select(node => CountPeersAsync(node.Manager, node.Request, node.Lease)));
        Lease[] again = await Task.WhenAll(nodes.Select(node => node.Manager.AcquireAsync(node.Request, CancellationToken.None)));

        Assert.Equal(Nodes, nodes.Select(node => node.Lease.Key).Distinct().Count());
        Assert.All(peers, count => Assert.Equal(Nodes - 1, count));
        Assert.Equal(nodes.Select(node => node.Lease.Key), again.Select(lease => lease.Key));
        Assert.Equal(Nodes, await server.CountLeasesAsync());
        await Task.WhenAll(nodes.Select(node => node.Manager.ReleaseAsync(node.Lease, CancellationToken.None)));
        Assert.Equal(0, await server.CountLeasesAsync());
    }

    private static async Task<(ISubnetManager Manager, LeaseRequest Request, Lease Lease)> StartAsync(ServiceProvider provider, int node)
    {
        ISubnetManager manager = provider.GetRequiredKeyedService<ISubnetManager>($"{node}");
        NetworkConfig config = await manager.GetNetworkConfigAsync(CancellationToken.None);
        var request = new LeaseRequest
        {
            Config = config,
            Attributes = new LeaseAttributes { PublicIP = IPAddress.Parse($"192.168.0.{node}"), BackendType = "vxlan" },
        };
        return (manager, request, await manager.AcquireAsync(request, CancellationToken.None));
    }

    private static async Task<int> CountPeersAsync(ISubnetManager manager, LeaseRequest request, Lease lease)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await foreach (LeaseWatchResult result in manager.WatchAsync(request, lease, limit.Token))
        {
            if (result is LeaseSnapshot snapshot)
                return snapshot.Peers.Count;
        }

        return -1;
    }
}
