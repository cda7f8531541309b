using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Flannel;
using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

// Three hosts of one network over etcd, as network namespaces of this process: tour <etcd> <namespace> <namespace> <namespace>
string etcd = args[0];
var services = new ServiceCollection();
services.AddFlannelAdministration("admin").UseEtcd(o => o.Endpoints = [etcd]);
foreach (string host in args[1..])
    services.AddFlannel(host, o => o.NetworkNamespace = host).UseEtcd(o => o.Endpoints = [etcd]).UseVxlan();
services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>)); // health checks demand one; a generic host has it
services.AddHealthChecks().AddFlannel();
await using ServiceProvider provider = services.BuildServiceProvider();
using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));

// Write the network's configuration, and watch from outside what its nodes do.
var admin = provider.GetRequiredKeyedService<IFlannelAdministration>("admin");
await admin.SetConfigAsync(
    new NetworkConfig { Network = System.Net.IPNetwork.Parse("10.5.0.0/16"), Backend = new VxlanBackendConfig { Vni = 7 }.ToJson() });
var observer = provider.GetRequiredKeyedService<IFlannelObserver>("admin");
Task<int> seen = CountAsync(observer, args.Length - 1, limit.Token);

var networks = provider.GetRequiredService<IFlannelNetworks>();
foreach (IFlannelNode node in networks.All) await node.StartAsync();
foreach (IFlannelNode node in networks.All)
{
    await node.WaitForReadyAsync(TimeSpan.FromMinutes(1));
    await node.WatchAsync(limit.Token).FirstAsync(now => now is { IsReady: true } && now.Peers.Count == args.Length - 2);
    Console.WriteLine($"{node.Name}: {node.Lease.Subnet}");
}

Console.WriteLine($"observed {await seen} leases");

// A network at run time, with a store and a backend of this program's own.
var table = new TableStore();
await table.SetConfigAsync("""{ "Network": "10.9.0.0/16", "Backend": { "Type": "logging" } }""", limit.Token);
IFlannelNode tenant = await networks.CreateAsync(
    "tenant", network => network.Configure(o => o.NetworkNamespace = args[1]).UseLinux().UseStore(table).UseBackend<LoggingBackend>());
await tenant.WaitForReadyAsync(TimeSpan.FromMinutes(1));
HealthReport health = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync();
Console.WriteLine($"tenant: {tenant.Lease.Subnet}, {networks.All.Count} networks, {health.Status}");
await networks.RemoveAsync("tenant", StopMode.Remove);
Console.WriteLine($"{networks.All.Count} networks, {table.Leases} leases of the tenant");

Console.ReadLine(); // until then the overlay carries packets
foreach (IFlannelNode node in networks.All.ToArray()) await networks.RemoveAsync(node.Name, StopMode.Remove);
Console.WriteLine($"{(await admin.ListLeasesAsync()).Count} leases left");

static async Task<int> CountAsync(IFlannelObserver observer, int wanted, CancellationToken cancellationToken)
{
    var leases = new HashSet<string>();
    await foreach (NetworkEvent item in observer.WatchAsync(cancellationToken))
    {
        if (item is NetworkSnapshot all) leases.UnionWith(all.Leases.Select(lease => lease.Key));
        if (item is StoredLeaseChange { Kind: ChangeKind.Added } change) leases.Add(change.Key);
        if (leases.Count == wanted) break;
    }

    return leases.Count;
}

/// <summary>Leases in a table; this one is a dictionary.</summary>
internal sealed class TableStore() : PollingLeaseStore(TimeSpan.FromMilliseconds(200))
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, StoreRow> _rows = [];
    private long _revision;

    public override string ConfigSource => "a table in memory";

    public int Leases
    {
        get { lock (_gate) return _rows.Keys.Count(key => key != "config"); }
    }

    protected override Task<StoreRows> ReadRowsAsync(CancellationToken cancellationToken)
    {
        lock (_gate) return Task.FromResult(new StoreRows([.. _rows.Values], _revision, Time.GetUtcNow()));
    }

    protected override Task<long?> WriteRowAsync(StoreRowWrite write, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            StoreRow? found = _rows.GetValueOrDefault(write.Key);
            if (found?.ModRevision != write.ExpectedRevision) return Task.FromResult<long?>(null);
            long revision = ++_revision;
            if (write.Value is { } value)
                _rows[write.Key] = new StoreRow(write.Key, value, found?.CreateRevision ?? revision, revision, write.Expires);
            else _rows.Remove(write.Key);
            return Task.FromResult<long?>(revision);
        }
    }
}

/// <summary>Carries nothing and remembers whom it would reach.</summary>
internal sealed class LoggingBackend : IBackend
{
    public string Name => "logging";

    public bool Owns(HostPrefix prefix, NetworkConfig config) => false;

    public string? RefuseLiveChange(NetworkConfig running, NetworkConfig wanted) => null;

    public Task<IBackendNetwork> CreateNetworkAsync(BackendContext context, CancellationToken cancellationToken) =>
        Task.FromResult<IBackendNetwork>(new LoggingNetwork(context));
}

internal sealed class LoggingNetwork(BackendContext context) : IBackendNetwork
{
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<SubnetKey, Lease> _peers = new();

    public LeaseAttributes Attributes { get; } = new() { PublicIP = context.ExternalInterface.PublicIP, BackendType = "logging" };

    public BackendStatus Status { get; } = new() { Mtu = context.ExternalInterface.Mtu, IsConverged = true };

    public string? CheckPeer(Lease peer) => peer.Attributes.BackendType == "logging" ? null : $"its backend is '{peer.Attributes.BackendType}'";

    public Task StartAsync(Lease own, CancellationToken cancellationToken) => Task.CompletedTask;

    public void SetPeers(IReadOnlyList<Lease> peers)
    {
        foreach (Lease peer in peers) _peers[peer.Key] = peer;
    }

    public void ChangePeers(IReadOnlyList<LeaseChange> changes)
    {
        foreach (LeaseChange change in changes)
        {
            if (change.After is { } peer) _peers[peer.Key] = peer;
            else if (change.Before is { } gone) _peers.TryRemove(gone.Key, out _);
        }
    }

    public async IAsyncEnumerable<BackendStatus> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return Status;
        await _closed.Task.WaitAsync(cancellationToken);
    }

    public Task RemoveAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _closed.TrySetResult();
        return ValueTask.CompletedTask;
    }
}
