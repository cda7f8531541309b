using System.Net;
using Flannel.Extensibility;
using Flannel.Integration.Tests.Overlay;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Containers;

/// <summary>Containers that code attached on two hosts reach each other through the overlay.</summary>
public sealed class ContainerOverlayTests
{
    private const string IPv4 = """{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""";
    private const string DualStack = """{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{"Type":"vxlan"}}""";

    [NetnsTheory]
    [InlineData(IPv4, ContainerMode.Bridge)]
    [InlineData(IPv4, ContainerMode.Routed)]
    [InlineData(DualStack, ContainerMode.Bridge)]
    [InlineData(DualStack, ContainerMode.Routed)]
    public async Task Containers_OfTwoHosts_ReachEachOther(string config, ContainerMode mode)
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 2, DualStack = config == DualStack });
        string folder = Directory.CreateTempSubdirectory("flannel-attach-").FullName;
        var store = new InMemoryLeaseStore(config);
        var services = new ServiceCollection();
        foreach (LabHost host in lab.Hosts)
        {
            services.AddFlannel(host.NamespaceName, options => options.NetworkNamespace = host.NamespaceName)
                .UseInMemoryStore(store)
                .UseVxlan()
                .UseContainers(options =>
            {
                options.StateDirectory = Path.Combine(folder, host.NamespaceName);
                options.Mode = mode;
            });
        }

        await using ServiceProvider provider = services.BuildServiceProvider();
        List<NetworkNamespace> namespaces = [];
        try
        {
            foreach (LabHost host in lab.Hosts) await provider.GetRequiredKeyedService<IFlannelNode>(host.NamespaceName).StartAsync();
            List<AttachedContainer> containers = [];
            foreach (LabHost host in lab.Hosts)
            {
                var node = provider.GetRequiredKeyedService<IFlannelNode>(host.NamespaceName);
                await node.WaitForReadyAsync().WaitAsync(OverlayCluster.Limit);
                await node.WatchAsync().FirstAsync(static status => status.Peers.Count == 1).AsTask().WaitAsync(OverlayCluster.Limit);
                var network = provider.GetRequiredKeyedService<IContainerNetwork>(host.NamespaceName);
                foreach (string id in new[] { "a", "b" })
                {
                    namespaces.Add(NetworkNamespace.CreateAnonymous());
                    containers.Add(await network.AttachAsync(new ContainerAttachment($"{id}-{host.NamespaceName}") { Namespace = namespaces[^1] }));
                }

                Assert.Equal(node.Mtu, containers[^1].Mtu);
                Assert.True(node.Lease.Subnet!.Value.Contains(containers[^1].Addresses[0]));
            }

            Assert.Equal(config == DualStack ? 2 : 1, containers[0].Addresses.Count);
            foreach (NetworkNamespace from in namespaces)
            {
                foreach (IPAddress to in containers.SelectMany(static container => container.Addresses))
                    Assert.True((await Pinger.PingAsync(from, to)).Received > 0, $"{to} does not answer");
            }

            foreach (LabHost host in lab.Hosts)
            {
                var network = provider.GetRequiredKeyedService<IContainerNetwork>(host.NamespaceName);
                Assert.All(await network.ListAsync(), static listing => Assert.Equal(ContainerState.Attached, listing.State));
                await network.CollectGarbageAsync([]);
                Assert.Empty(await network.ListAsync());
            }
        }
        finally
        {
            namespaces.ForEach(static one => one.Dispose());
            Directory.Delete(folder, recursive: true);
        }
    }
}
