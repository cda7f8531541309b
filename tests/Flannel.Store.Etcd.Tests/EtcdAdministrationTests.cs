using System.Net;
using Flannel.Extensibility;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Tests.Lab;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Store.Etcd.Tests;

/// <summary>Administration and observers over a real etcd, registered as a program without a node does.</summary>
public sealed class EtcdAdministrationTests(EtcdFixture fixture) : IClassFixture<EtcdFixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private readonly string _prefix = $"/{Guid.NewGuid():N}/network";

    [SkippableFact]
    public async Task SetConfig_TypedOverADocument_IsFlannelsByteForByte()
    {
        EtcdServer server = await fixture.GetAsync();
        await server.RunAsync("put", _prefix + "/config", """{ "x-owner" : "a<b", "network": "10.5.0.0/16" }""");
        await using ServiceProvider provider = Register(server);
        var administration = provider.GetRequiredService<IFlannelAdministration>();
        StoredNetworkConfig seen = (await administration.GetConfigAsync())!;

        StoredNetworkConfig written = await administration.SetConfigAsync(
            new NetworkConfig
            {
                Network = IPNetwork.Parse("10.5.0.0/16"),
                SubnetLength = 26,
                Backend = new VxlanBackendConfig { Vni = 7, DirectRouting = true }.ToJson(),
            },
            new ConfigWriteOptions { ExpectedRevision = seen.Revision });

        const string Expected =
            """{"Network":"10.5.0.0/16","SubnetLen":26,"Backend":{"Type":"vxlan","VNI":7,"DirectRouting":true},"x-owner":"a\u003cb"}""";
        Assert.Equal(Expected, await server.RunAsync("get", "--print-value-only", _prefix + "/config"));
        Assert.Equal(Expected, written.Json);
        Assert.Equal(await administration.GetConfigAsync(), written);
        Assert.True(written.Revision > seen.Revision);
    }

    [SkippableFact]
    public async Task SetConfig_ManyWritersOfOneRevision_OneWinsAndTheOthersAreTold()
    {
        EtcdServer server = await fixture.GetAsync();
        ServiceProvider[] providers = [.. Enumerable.Range(0, 4).Select(_ => Register(server))];
        var options = new ConfigWriteOptions { ExpectedRevision = 0 };
        for (int round = 0; round < 5; round++)
        {
            Exception?[] errors = await Task.WhenAll(providers.SelectMany(provider => Enumerable.Range(0, 2).Select(writer => Task.Run(
                () => Record.ExceptionAsync(() => provider.GetRequiredService<IFlannelAdministration>().SetConfigAsync(
                    $$"""{"Network":"10.5.0.0/16","Round":{{round}},"Writer":"{{Guid.NewGuid()}}"}""", options))))));

            Assert.Single(errors, static error => error is null);
            Assert.Equal(7, errors.Count(static error => error is StoreConflictException { Key: "config", Kind: StoreErrorKind.Conflict }));
            var admin = providers[0].GetRequiredService<IFlannelAdministration>();
            options = new ConfigWriteOptions { ExpectedRevision = (await admin.GetConfigAsync())!.Revision };
        }

        foreach (ServiceProvider provider in providers) await provider.DisposeAsync();
    }

    [SkippableFact]
    public async Task UpdateConfig_ManyAtOnce_LosesNone()
    {
        EtcdServer server = await fixture.GetAsync();
        await server.RunAsync("put", _prefix + "/config", """{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan","Port":1}}""");
        await using ServiceProvider provider = Register(server);
        var administration = provider.GetRequiredService<IFlannelAdministration>();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => administration.UpdateConfigAsync(static config =>
        {
            VxlanBackendConfig block = VxlanBackendConfig.Parse(config);
            return config with { Backend = (block with { Port = block.Port + 1 }).ToJson() };
        })));

        Assert.Equal(5, VxlanBackendConfig.Parse((await administration.GetConfigAsync())!.Config!).Port);
    }

    [SkippableFact]
    public async Task Reserve_FreeSubnet_IsFlannelsDocumentWithoutALease()
    {
        EtcdServer server = await fixture.GetAsync();
        await using ServiceProvider provider = Register(server);
        var administration = provider.GetRequiredService<IFlannelAdministration>();
        await administration.SetConfigAsync("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""");
        int leases = await server.CountLeasesAsync();

        await administration.ReserveAsync(SubnetKey.Parse("10.5.52.0-24"), new LeaseAttributes { PublicIP = IPAddress.Parse("192.168.64.3") });

        string key = _prefix + "/subnets/10.5.52.0-24";
        Assert.Equal("""{"PublicIP":"192.168.64.3","PublicIPv6":null}""", await server.RunAsync("get", "--print-value-only", key));
        Assert.Contains("\"Lease\" : 0", await server.RunAsync("get", "--write-out=fields", key), StringComparison.Ordinal);
        Assert.Equal(leases, await server.CountLeasesAsync());

        await using ServiceProvider nodes = Nodes(server, "a");
        await using EtcdNode node = await EtcdNode.AcquireAsync(nodes, "a", "192.168.64.3");
        Assert.Equal(("10.5.52.0-24", true), (node.Lease.Key.ToString(), node.Lease.IsReservation));
    }

    [SkippableFact]
    public async Task LeaseToReservationAndBack_LeavesNoEtcdLeaseBehind()
    {
        EtcdServer server = await fixture.GetAsync();
        await using ServiceProvider provider = Register(server);
        var administration = provider.GetRequiredService<IFlannelAdministration>();
        await administration.SetConfigAsync("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""");
        int leases = await server.CountLeasesAsync();
        await using ServiceProvider nodes = Nodes(server, "a");
        await using EtcdNode node = await EtcdNode.AcquireAsync(nodes, "a", "192.168.64.3");
        Assert.Equal(leases + 1, await server.CountLeasesAsync());

        StoredLease held = Assert.Single(await administration.ListLeasesAsync(withTimeLeft: true));
        Assert.InRange(held.TimeLeft!.Value, TimeSpan.FromHours(23), TimeSpan.FromHours(24));
        StoredLease reserved = await administration.ReserveAsync(held);
        Assert.Equal(leases, await server.CountLeasesAsync());
        StoredLease ended = await administration.EndReservationAsync(reserved, TimeSpan.FromHours(2));

        Assert.Equal((held.Attributes, false, held.CreateRevision), (ended.Attributes, ended.IsReservation, ended.CreateRevision));
        Assert.Equal(leases + 1, await server.CountLeasesAsync());
        StoredLease now = Assert.Single(await administration.ListLeasesAsync(withTimeLeft: true));
        Assert.InRange(now.TimeLeft!.Value, TimeSpan.FromMinutes(110), TimeSpan.FromHours(2));
        Assert.True(await administration.RevokeAsync(now));
        Assert.Equal(leases, await server.CountLeasesAsync());
    }

    [SkippableFact]
    public async Task Revoke_NodeRuns_ItTakesTheSameSubnetAgain()
    {
        EtcdServer server = await fixture.GetAsync();
        await using ServiceProvider provider = Register(server);
        var administration = provider.GetRequiredService<IFlannelAdministration>();
        await administration.SetConfigAsync("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""");
        await using ServiceProvider nodes = Nodes(server, "a");
        await using EtcdNode node = await EtcdNode.AcquireAsync(nodes, "a", "192.168.64.3");
        node.Follow();

        Assert.True(await administration.RevokeAsync(Assert.Single(await administration.ListLeasesAsync())));

        await node.UntilAsync(static self => self.Changes(OwnLeaseState.Reacquired) == 1, "that it holds its lease again");
        Assert.Equal(node.Lease.Key.ToString(), Assert.Single(await administration.ListLeasesAsync()).Key);
    }

    [SkippableFact]
    public async Task ReadOnlyUser_MayLookAndIsToldThatHeMayNotWrite()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await server.RunAsync("put", _prefix + "/config", """{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""");
        await server.RunAsync("put", _prefix + "/subnets/10.5.1.0-24", """{"PublicIP":"192.168.64.3","PublicIPv6":null}""");
        await server.RunAsync("role", "add", "reader");
        await server.RunAsync("role", "grant-permission", "reader", "read", "--prefix=true", _prefix);
        await server.RunAsync("user", "add", "looker:se-cr3t");
        await server.RunAsync("user", "grant-role", "looker", "reader");
        await server.EnableAuthenticationAsync();
        await using ServiceProvider provider = Register(
            server, options => (options.Username, options.Password, options.AllowInsecureCredentials) = ("looker", "se-cr3t", true));
        var administration = provider.GetRequiredService<IFlannelAdministration>();
        StoredLease lease = Assert.Single(await administration.ListLeasesAsync(withTimeLeft: true));
        await using IAsyncEnumerator<NetworkEvent> observed = provider.GetRequiredService<IFlannelObserver>().WatchAsync().GetAsyncEnumerator();
        Assert.True(await observed.MoveNextAsync());
        Assert.IsType<NetworkSnapshot>(observed.Current);

        foreach (Func<Task> write in (Func<Task>[])[
            () => administration.UpdateConfigAsync(static config => config with { EnableNFTables = true }),
            () => administration.ReserveAsync(SubnetKey.Parse("10.5.2.0-24"), new LeaseAttributes { PublicIP = IPAddress.Parse("192.168.64.4") }),
            () => administration.EndReservationAsync(lease, TimeSpan.FromHours(1)),
            () => administration.RevokeAsync(lease)])
        {
            StoreException error = await Assert.ThrowsAnyAsync<StoreException>(write);
            Assert.Equal((false, StoreErrorKind.PermissionDenied), (error.IsTransient, error.Kind));
            Assert.Contains("permission", error.Message, StringComparison.Ordinal);
            Assert.Contains(_prefix, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("se-cr3t", error.ToString(), StringComparison.Ordinal);
        }

        Assert.Equal(lease, Assert.Single(await administration.ListLeasesAsync()));
    }

    [SkippableFact]
    public async Task Observe_EtcdGoesAwayAndComesBack_CatchesUp()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using ServiceProvider provider = Register(server);
        var administration = provider.GetRequiredService<IFlannelAdministration>();
        await administration.SetConfigAsync("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""");
        using var limit = new CancellationTokenSource(Limit);
        await using IAsyncEnumerator<NetworkEvent> events = provider.GetRequiredService<IFlannelObserver>()
            .WatchAsync(limit.Token)
            .GetAsyncEnumerator(limit.Token);

        Assert.Empty((await NextAsync<NetworkSnapshot>()).Leases);
        await server.RunAsync("put", _prefix + "/subnets/10.5.1.0-24", """{"PublicIP":"192.168.64.3","PublicIPv6":null,"BackendType":"vxlan"}""");
        StoredLeaseChange added = await NextAsync<StoredLeaseChange>();
        await server.KillAllAsync();
        Assert.NotNull((await NextAsync<StoreReachability>()).Error);
        await server.RestartAllAsync();
        await server.RunAsync("del", _prefix + "/subnets/10.5.1.0-24");
        await server.RunAsync("put", _prefix + "/config", """{"Network":"10.5.0.0/16","Backend":{"Type":"host-gw"}}""");
        long revision = long.Parse(
            System.Text.RegularExpressions.Regex.Match(await server.RunAsync("get", "x", "--write-out=json"), "\"revision\":(\\d+)").Groups[1].Value,
            System.Globalization.CultureInfo.InvariantCulture);
        await server.RunAsync("compaction", $"{revision}");

        bool isBack = false, isGone = false, isConfigured = false;
        while (!(isBack && isGone && isConfigured))
        {
            Assert.True(await events.MoveNextAsync());
            switch (events.Current)
            {
                case StoreReachability reachability:
                    isBack = reachability.Error is null;
                    break;
                case StoredLeaseChange change:
                    Assert.Equal((ChangeKind.Removed, added.After), (change.Kind, change.Before));
                    isGone = true;
                    break;
                case StoredConfigChange change:
                    Assert.Equal("host-gw", change.After!.Config!.BackendType);
                    isConfigured = true;
                    break;
            }
        }

        async Task<T> NextAsync<T>()
            where T : NetworkEvent
        {
            Assert.True(await events.MoveNextAsync());
            return Assert.IsType<T>(events.Current);
        }
    }

    private ServiceProvider Register(EtcdServer server, Action<EtcdStoreOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddFlannelAdministration().UseEtcd(options => Configure(server, options));
        if (configure is not null) services.Configure(configure);
        return services.BuildServiceProvider();
    }

    private ServiceProvider Nodes(EtcdServer server, string name)
    {
        var services = new ServiceCollection();
        services.AddFlannel(name).UseEtcd(options => Configure(server, options));
        return services.BuildServiceProvider();
    }

    private void Configure(EtcdServer server, EtcdStoreOptions options) => (options.Endpoints, options.Prefix) = (server.Endpoints, _prefix);
}
