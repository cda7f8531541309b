using Flannel.Extensibility;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Tests.Lab;
using Microsoft.Extensions.DependencyInjection;
using static Flannel.Store.Etcd.Tests.Lab.LabStore;

namespace Flannel.Store.Etcd.Tests;

/// <summary>Two hosts with one address on a real etcd, whose etcd leases tell a claim from an answer.</summary>
public sealed class EtcdDuplicateTests(EtcdFixture fixture) : IClassFixture<EtcdFixture>, IAsyncLifetime
{
    private const string Config = """{"Network":"10.5.0.0/16","SubnetMax":"10.5.199.0","Backend":{"Type":"vxlan"}}""";
    private const string Address = "192.168.0.1";

    private EtcdServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await fixture.GetAsync();
        await _server.RunAsync("put", Prefix + "/config", Config);
    }

    public async Task DisposeAsync()
    {
        if (_server is null) return;
        foreach (string lease in (await _server.RunAsync("lease", "list")).Split('\n').Skip(1))
            await _server.RunAsync("lease", "revoke", lease);
        await _server.RunAsync("del", "--prefix", Prefix);
    }

    [SkippableFact]
    public async Task Twin_WhileTheFirstIsAlive_IsRefusedEveryTimeAndLeavesNothing()
    {
        await using ServiceProvider provider = Provide();
        await using EtcdNode first = await StartAsync(provider, "first");
        string document = await DocumentAsync(first);

        for (int attempt = 0; attempt < 3; attempt++)
            await Assert.ThrowsAsync<DuplicatePublicAddressException>(() => EtcdNode.AcquireAsync(provider, "second", Address));

        await first.UntilAsync(static known => known.Changes(OwnLeaseState.Contested) > 0, "that another one claims its lease");
        Assert.Equal(0, first.Changes(OwnLeaseState.Taken));
        Assert.Equal(document, await DocumentAsync(first));
        Assert.Equal(1, await _server.CountLeasesAsync());
    }

    [SkippableFact]
    public async Task Twin_AfterTheFirstHasEnded_TakesTheLease()
    {
        await using ServiceProvider provider = Provide();
        EtcdNode first = await StartAsync(provider, "first");
        await first.DisposeAsync();

        await using EtcdNode second = await StartAsync(provider, "second");

        Assert.Equal(first.Lease.Key, second.Lease.Key);
        Assert.Equal(1, await _server.CountLeasesAsync());
    }

    [SkippableFact]
    public async Task Flannel_WithTheSameAddress_IsToldAndOverwritten()
    {
        await using ServiceProvider provider = Provide();
        await using EtcdNode first = await StartAsync(provider, "first");
        string document = await DocumentAsync(first);
        string lease = (await _server.RunAsync("lease", "grant", "3600")).Split(' ')[1];

        await _server.RunAsync(
            "put",
            $"--lease={lease}",
            KeyOf(first),
            $$$"""{"PublicIP":"{{{Address}}}","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:99"}}""");

        await first.UntilAsync(static known => known.Changes(OwnLeaseState.Contested) > 0, "that another one claims its lease");
        Assert.Equal(document, await DocumentAsync(first));
    }

    [SkippableFact]
    public async Task Flannel_BesideThisNode_RenewsItsKeyUnremarked()
    {
        const string Document = """{"PublicIP":"192.168.0.2","BackendType":"vxlan"}""";
        await using ServiceProvider provider = Provide();
        await using EtcdNode first = await StartAsync(provider, "first");

        for (int renewal = 0; renewal < 3; renewal++)
        {
            string lease = (await _server.RunAsync("lease", "grant", "3600")).Split(' ')[1];
            await _server.RunAsync("put", $"--lease={lease}", Prefix + "/subnets/10.5.250.0-24", Document);
        }

        await _server.RunAsync("put", Prefix + "/subnets/10.5.251.0-24", Document.Replace("0.2", "0.3", StringComparison.Ordinal));
        await first.UntilAsync(static known => known.Peers.Count == 2, "both");
        Assert.Empty(first.Results.OfType<OwnLeaseChanged>());
    }

    private string KeyOf(EtcdNode node) => $"{Prefix}/subnets/{node.Lease.Key}";

    private async Task<string> DocumentAsync(EtcdNode node) => await _server.RunAsync("get", "--print-value-only", KeyOf(node));

    private static async Task<EtcdNode> StartAsync(ServiceProvider provider, string name)
    {
        EtcdNode node = await EtcdNode.AcquireAsync(provider, name, Address);
        node.Follow();
        await node.UntilAsync(static known => known.Results.OfType<LeaseSnapshot>().Any(), "the peers");
        return node;
    }

    private ServiceProvider Provide()
    {
        var services = new ServiceCollection();
        foreach (string name in (string[])["first", "second"])
            services.AddFlannel(name).UseEtcd(options => options.Endpoints = _server.Endpoints);
        return services.BuildServiceProvider();
    }
}
