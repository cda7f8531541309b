using System.Net;
using Flannel.Extensibility;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Tests.Lab;
using Microsoft.Extensions.DependencyInjection;
using static Flannel.Store.Etcd.Tests.Lab.LabStore;

namespace Flannel.Store.Etcd.Tests;

/// <summary>Nodes on etcd, as an application registers them.</summary>
public sealed class EtcdSubnetManagerTests(EtcdFixture fixture) : IClassFixture<EtcdFixture>, IAsyncLifetime
{
    private const int Nodes = 20;

    // Twenty subnets and not one more.
    private const string Config =
        """{"Network":"10.5.0.0/16","SubnetLen":24,"SubnetMin":"10.5.1.0","SubnetMax":"10.5.20.0","Backend":{"Type":"vxlan"}}""";

    // The shortest that the options allow, renewed after half of it: for leases that are to be renewed or to end. All others outlive the slowest
    // machine.
    private static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongLife = TimeSpan.FromHours(1);

    private EtcdServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await fixture.GetAsync();
        await _server.RunAsync("put", Prefix + "/config", Config);
    }

    public async Task DisposeAsync()
    {
        if (_server is null)
            return;
        foreach (string lease in (await _server.RunAsync("lease", "list")).Split('\n').Skip(1))
            await _server.RunAsync("lease", "revoke", lease);
        await _server.RunAsync("del", "--prefix", Prefix);
    }

    [SkippableFact]
    public async Task Acquire_TwentyNodesAtOnceOnAPoolOfTwenty_EachGetsOneAndSeesTheOthers()
    {
        await using ServiceProvider provider = Provide(Nodes);

        EtcdNode[] nodes = await Task.WhenAll(Enumerable.Range(1, Nodes).Select(node => AcquireAsync(provider, node)));
        EtcdNode[] again = await Task.WhenAll(Enumerable.Range(1, Nodes).Select(node => AcquireAsync(provider, node)));
        foreach (EtcdNode node in again)
            node.Follow();
        foreach (EtcdNode node in again)
            await node.UntilAsync(known => known.Peers.Count == Nodes - 1, "all others");

        Assert.Equal(Nodes, nodes.Select(node => node.Lease.Key).Distinct().Count());
        Assert.Equal(nodes.Select(node => node.Lease.Key), again.Select(node => node.Lease.Key));
        Assert.Equal(Nodes, await _server.CountLeasesAsync());
        foreach (EtcdNode node in again)
            await node.DisposeAsync();
        await Task.WhenAll(again.Select(node => node.ReleaseAsync()));
        Assert.Equal(0, await _server.CountLeasesAsync());
    }

    [SkippableFact]
    public async Task Acquire_PoolExhausted_IsReportedAndLeavesNoEtcdLease()
    {
        await using ServiceProvider provider = Provide(Nodes + 1);
        await Task.WhenAll(Enumerable.Range(1, Nodes).Select(node => AcquireAsync(provider, node)));

        await Assert.ThrowsAsync<SubnetPoolExhaustedException>(() => AcquireAsync(provider, Nodes + 1));

        Assert.Equal(Nodes, await _server.CountLeasesAsync());
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Follow_PeersCameAndWentSinceTheNodeListed_AreSeen(bool isCompacted)
    {
        await using ServiceProvider provider = Provide(3);
        EtcdNode leaving = await AcquireAsync(provider, 1);
        EtcdNode node = await AcquireAsync(provider, 2);
        EtcdNode coming = await AcquireAsync(provider, 3);
        await leaving.ReleaseAsync();
        if (isCompacted)
        {
            await using EtcdLeaseStore store = Open(_server);
            await _server.RunAsync("compact", $"{(await store.ListAsync(null, CancellationToken.None)).Revision}");
        }

        node.Follow();
        await node.UntilAsync(known => known.Peers is [var peer] && peer.Key == coming.Lease.Key, "who came");

        // It began with what it had listed.
        Assert.Equal(leaving.Lease.Key, Assert.Single(node.Results.OfType<LeaseSnapshot>().Single().Peers).Key);
        Assert.Empty(node.Results.OfType<OwnLeaseChanged>());
        await node.DisposeAsync();
    }

    [SkippableTheory]
    [InlineData(EtcdRenewal.KeepAlive)]
    [InlineData(EtcdRenewal.Put)]
    public async Task Restarts_AndRenewals_LeaveAsManyEtcdLeasesAsLeasedKeys(EtcdRenewal renewal)
    {
        const string Reserved = "10.5.9.0-24";
        await _server.RunAsync("put", $"{Prefix}/subnets/{Reserved}", """{"PublicIP":"192.168.0.3","BackendType":"vxlan"}""");
        SubnetKey[] first = [];
        for (int restart = 0; restart < 3; restart++)
        {
            await using ServiceProvider provider = Provide(3, options => options.Renewal = renewal, ShortLife);
            EtcdNode[] nodes = await Task.WhenAll(Enumerable.Range(1, 3).Select(node => AcquireAsync(provider, node)));
            foreach (EtcdNode node in nodes)
                node.Follow();
            foreach (EtcdNode node in nodes)
            {
                await node.UntilAsync(known => known.Lease.IsReservation || known.Changes(OwnLeaseState.Renewed) > 0, "its lease renewed");
                await node.DisposeAsync();
            }

            SubnetKey[] keys = [.. nodes.Select(node => node.Lease.Key)];
            first = restart == 0 ? keys : first;
            Assert.Equal(first, keys);
            Assert.Equal(2, await _server.CountLeasesAsync());
        }

        Assert.Equal(Reserved, first[2].ToString());
        await using EtcdLeaseStore store = Open(_server);
        StoreSnapshot list = await store.ListAsync(null, CancellationToken.None);
        Assert.Equal(3, list.Entries.Count);
        Assert.Equal(Reserved, Assert.Single(list.Entries, entry => !entry.HasTimeToLive).Key);
    }

    [SkippableTheory]
    [InlineData("del")]
    [InlineData("revoke")]
    public async Task OwnLease_DeletedByAnOperator_IsTakenAgain(string how)
    {
        await using ServiceProvider provider = Provide(2);
        await using EtcdNode node = await AcquireAsync(provider, 1);
        await using EtcdNode other = await AcquireAsync(provider, 2);
        node.Follow();
        other.Follow();
        await node.UntilAsync(known => known.Peers.Count == 1, "the other");
        await other.UntilAsync(known => known.Peers.Count == 1, "the other");

        if (how == "del")
            await _server.RunAsync("del", $"{Prefix}/subnets/{node.Lease.Key}");
        else
            await _server.RunAsync("lease", "revoke", await EtcdLeaseOfAsync(node));
        await node.UntilAsync(known => known.Changes(OwnLeaseState.Reacquired) == 1, "its lease taken again");

        await using EtcdLeaseStore store = Open(_server);
        StoreSnapshot list = await store.ListAsync(null, CancellationToken.None);
        Assert.Equal(2, list.Entries.Count);
        Assert.True(list.Entries.Single(entry => entry.Key == $"{node.Lease.Key}").CreateRevision > node.Lease.CreateRevision);
        Assert.Equal(node.Lease.Key, Assert.Single(other.Peers).Key);
        // The lease of a deleted key is nobody's, and it was not the node that deleted the key: it ends by itself.
        Assert.InRange(await _server.CountLeasesAsync(), 2, how == "del" ? 3 : 2);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OwnLease_ExpiredWhileEtcdWasOutOfReach_IsTakenAgainUnlessSomebodyElseHasIt(bool isTaken)
    {
        await using var relay = new TcpRelay(_server.Endpoints[0]);
        await using ServiceProvider provider = Provide(
            1, options => (options.Endpoints, options.RequestTimeout) = ([relay.Endpoint], TimeSpan.FromSeconds(2)), timeToLive: ShortLife);
        await using EtcdNode node = await AcquireAsync(provider, 1);
        node.Follow();
        await node.UntilAsync(known => known.Results.OfType<LeaseSnapshot>().Any(), "the peers");
        string key = $"{Prefix}/subnets/{node.Lease.Key}";
        string theirs = """{"PublicIP":"192.168.0.77","BackendType":"vxlan"}""";

        relay.Cut();
        await node.UntilAsync(known => known.Results.OfType<StoreAvailabilityChanged>().Any(), "that etcd is out of reach");
        await EventuallyAsync(
            async () => (await _server.RunAsync("get", key)).Length == 0 ? "" : throw new StoreException("not yet", isTransient: true));
        if (isTaken)
            await _server.RunAsync("put", key, theirs);
        relay.Mend();
        OwnLeaseState expected = isTaken ? OwnLeaseState.Taken : OwnLeaseState.Reacquired;
        await node.UntilAsync(known => known.Changes(expected) > 0, $"its lease {expected}");

        string found = await _server.RunAsync("get", "--print-value-only", key);
        Assert.Equal(isTaken ? theirs : node.Request.Attributes.ToJson(), found);
        Assert.Equal(isTaken ? 0 : 1, await _server.CountLeasesAsync());
    }

    [SkippableFact]
    public async Task Peers_WhoseDocumentsOrKeysAreWrong_AreQuarantinedAndTheOthersArrive()
    {
        await using ServiceProvider provider = Provide(2);
        await using EtcdNode node = await AcquireAsync(provider, 1);
        node.Follow();
        await node.UntilAsync(known => known.Results.OfType<LeaseSnapshot>().Any(), "the peers");
        await using EtcdLeaseStore store = Open(_server);

        // The host's own network as a lease: as a route it would cut the host off.
        await store.CreateAsync("192.168.0.0-24", """{"PublicIP":"192.168.0.66","BackendType":"vxlan"}""");
        await store.CreateAsync("10.5.30.0-24", "{ corrupt");
        await store.CreateAsync(
            "10.5.31.0-24", $$"""{"PublicIP":"192.168.0.66","BackendType":"vxlan","BackendData":"{{new string('x', 1 << 20)}}"}""");
        await store.CreateAsync("not-a-subnet", "{}");
        await using EtcdNode good = await AcquireAsync(provider, 2);
        await node.UntilAsync(known => known.Peers.Count == 1 && known.Quarantined.Count == 4, "the good one and the bad ones");

        Assert.Equal(good.Lease.Key, Assert.Single(node.Peers).Key);
        Assert.Equal(["10.5.30.0-24", "10.5.31.0-24", "192.168.0.0-24", "not-a-subnet"], node.Quarantined.Select(refused => refused.Key).Order());
        Assert.Contains("outside the network", node.Quarantined.Single(refused => refused.Key == "192.168.0.0-24").Reason, StringComparison.Ordinal);
        await using EtcdNode late = await AcquireAsync(provider, 2);
        late.Follow();
        await late.UntilAsync(known => known.Peers.Count == 1 && known.Quarantined.Count == 4, "the same from its list");
    }

    private static Task<EtcdNode> AcquireAsync(ServiceProvider provider, int node) =>
        EtcdNode.AcquireAsync(provider, $"{node}", new IPAddress([192, 168, 0, (byte)node]).ToString());

    private ServiceProvider Provide(int count, Action<EtcdStoreOptions>? configure = null, TimeSpan? timeToLive = null)
    {
        TimeSpan life = timeToLive ?? LongLife;
        var services = new ServiceCollection();
        for (int node = 1; node <= count; node++)
        {
            services.AddFlannel($"{node}", options => (options.LeaseTimeToLive, options.LeaseRenewMargin) = (life, life / 2)).UseEtcd(options =>
            {
                options.Endpoints = _server.Endpoints;
                configure?.Invoke(options);
            });
        }

        return services.BuildServiceProvider();
    }

    private async Task<string> EtcdLeaseOfAsync(EtcdNode node)
    {
        foreach (string lease in (await _server.RunAsync("lease", "list")).Split('\n').Skip(1))
        {
            if ((await _server.RunAsync("lease", "timetolive", "--keys", lease)).Contains($"/{node.Lease.Key}]", StringComparison.Ordinal))
                return lease;
        }

        throw new InvalidOperationException($"{node.Lease.Key} has no etcd lease.");
    }
}
