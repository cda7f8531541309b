using System.Net;
using Flannel.Lab.Namespaces;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Flannel.Integration.Tests.Readme;

/// <summary>The samples of the README files do what the README files say.</summary>
public sealed class SampleTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [NetnsFact]
    public async Task Embedding_OnAHost_GetsALeaseOfTheNetwork()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        using var limit = new CancellationTokenSource(Deadline);
        var services = new ServiceCollection();
        services.Configure<FlannelOptions>(options => options.NetworkNamespace = lab.Hosts[0].NamespaceName);

        Lease lease = await EmbeddingSample.RunAsync(services, limit.Token);

        Assert.True(IPNetwork.Parse("10.5.0.0/16").Contains(lease.Subnet!.Value.BaseAddress));
        Assert.Equal(lab.Hosts[0].Address, lease.Attributes.PublicIP);
    }

    [Fact]
    public async Task Core_RegistersTwoNodesAndWatchesOne()
    {
        var services = new ServiceCollection();
        CoreSample.Register(services);
        await using (ServiceProvider provider = services.BuildServiceProvider())
        {
            Assert.Equal("host-1", provider.GetRequiredKeyedService<IFlannelNode>("host-1").Name);
            Assert.Equal("host-2", provider.GetRequiredKeyedService<IFlannelNode>("host-2").Name);
            Task watching = CoreSample.WatchAsync(provider, CancellationToken.None);
            await provider.GetRequiredKeyedService<IFlannelNode>("host-1").DisposeAsync();
            await watching.WaitAsync(Deadline);
        }
    }

    [NetnsFact]
    public void Linux_CreatesUsesAndRemovesANamespace()
    {
        const string Name = "flannel-readme-sample";
        LinuxSample.Run(Name);
        Assert.DoesNotContain(Name, Flannel.Extensibility.NetworkNamespace.List());
    }

    [Fact]
    public void HostGateway_RegistersItsBackend()
    {
        var services = new ServiceCollection();
        HostGatewaySample.Register(services);
        using ServiceProvider provider = services.BuildServiceProvider();

        Assert.Equal("host-gw", Assert.Single(provider.GetKeyedServices<Flannel.Extensibility.IBackend>(string.Empty)).Name);
    }

    [Fact]
    public void Udp_SetsItsOptions()
    {
        var services = new ServiceCollection();
        UdpSample.Register(services);
        using ServiceProvider provider = services.BuildServiceProvider();

        Assert.False(provider.GetRequiredService<IOptions<Flannel.UdpBackendOptions>>().Value.Offloads.HasFlag(Flannel.UdpOffloads.TunUdp));
    }

    [Fact]
    public async Task Administration_ConfiguresReservesRevokesAndObserves()
    {
        using var limit = new CancellationTokenSource(Deadline);
        var etcd = new ServiceCollection();
        AdministrationSample.Register(etcd);
        await using (ServiceProvider provider = etcd.BuildServiceProvider())
            Assert.Equal("blue", provider.GetRequiredKeyedService<IFlannelAdministration>("blue").Name);
        var memory = new InMemoryLeaseStore((string?)null);
        var services = new ServiceCollection();
        services.AddFlannelAdministration().UseInMemoryStore(memory);
        await using ServiceProvider administrated = services.BuildServiceProvider();
        var network = administrated.GetRequiredService<IFlannelAdministration>();

        await AdministrationSample.ConfigureAsync(network);
        memory.Put(SubnetKey.Parse("10.5.99.0-24"), new LeaseAttributes { PublicIP = IPAddress.Parse("192.168.64.9") }, TimeSpan.FromDays(1));
        await AdministrationSample.ManageLeasesAsync(network);

        Assert.Equal("10.5.16.0", (await network.GetConfigAsync())!.Config!.SubnetMin!.ToString());
        StoredLease reserved = Assert.Single(await network.ListLeasesAsync());
        Assert.True(reserved is { Key: "10.5.52.0-24", IsReservation: true });
        Task watching = AdministrationSample.WatchAsync(administrated.GetRequiredService<IFlannelObserver>(), limit.Token);
        await limit.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching.WaitAsync(Deadline));
    }

    [Fact]
    public async Task Administration_WatchesTheChangesOfPeers()
    {
        var services = new ServiceCollection();
        CoreSample.Register(services);
        await using ServiceProvider provider = services.BuildServiceProvider();
        var node = provider.GetRequiredKeyedService<IFlannelNode>("host-1");
        Task watching = AdministrationSample.WatchPeersAsync(node, CancellationToken.None);
        await node.DisposeAsync();
        await watching.WaitAsync(Deadline);
    }

    [Fact]
    public void Vxlan_SetsItsOptions()
    {
        var services = new ServiceCollection();
        VxlanSample.Register(services);
        using ServiceProvider provider = services.BuildServiceProvider();

        Assert.Equal(1000, provider.GetRequiredService<IOptions<Flannel.VxlanBackendOptions>>().Value.NexthopThreshold);
    }
}
