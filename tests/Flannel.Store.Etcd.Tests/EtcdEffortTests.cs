using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Flannel.Extensibility;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Tests.Lab;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Store.Etcd.Tests;

/// <summary>What a node costs etcd.</summary>
public sealed class EtcdEffortTests : IDisposable
{
    private const string Config = """{"Network":"10.0.0.0/8","Backend":{"Type":"vxlan"}}""";

    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<(string Network, string Method, int Status, string Server)> _requests = new();

    public EtcdEffortTests()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Name == EtcdTelemetry.RequestDuration)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) =>
        {
            Assert.True(seconds is >= 0 and < 60);
            Dictionary<string, object?> named = tags.ToArray().ToDictionary();
            Assert.Equal("grpc", named["rpc.system"]);
            _requests.Enqueue(
                ((string)named[FlannelTelemetry.NetworkTag]!, (string)named["rpc.method"]!, (int)named["rpc.grpc.status_code"]!,
                    (string)named["server.address"]!));
        });
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    [SkippableFact]
    public async Task Nodes_HoweverMany_CostTheSameRequestsEach()
    {
        string[] few = await RunAsync(20);
        string[] many = await RunAsync(100);

        // The configuration and the leases, an etcd lease, the key; then the watch, which goes on from what was listed.
        Assert.Equal(
            ["KV/Range", "Lease/LeaseGrant", "KV/Txn", "Watch/Watch"],
            few[0].Split(' ').Select(method => method["etcdserverpb.".Length..]));
        Assert.All(few.Concat(many), requests => Assert.Equal(few[0], requests));
    }

    [SkippableFact]
    public async Task Request_ThatFails_IsCountedWithItsStatus()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        var services = new ServiceCollection();
        services.AddMetrics().AddFlannel("blue").UseEtcd(options => options.Endpoints = server.Endpoints);
        await using ServiceProvider provider = services.BuildServiceProvider();
        var store = provider.GetRequiredKeyedService<ILeaseStore>("blue");

        await store.ListAsync(null, CancellationToken.None);
        await Record.ExceptionAsync(() => store.ListAsync(1000, CancellationToken.None));
        await server.Members[0].KillAsync();
        await Record.ExceptionAsync(() => store.ListAsync(null, CancellationToken.None));

        string address = new Uri(server.Endpoints[0]).Authority;
        // OK, OUT_OF_RANGE, UNAVAILABLE.
        Assert.Equal([0, 11, 14], _requests.Where(request => request.Server == address).Select(request => request.Status));
        Assert.All(
            _requests.Where(request => request.Server == address),
            request => Assert.Equal(("blue", "etcdserverpb.KV/Range"), (request.Network, request.Method)));
    }

    /// <summary>Starts nodes at once, waits until each sees all others, and tells the requests of each.</summary>
    private async Task<string[]> RunAsync(int count)
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await server.RunAsync("put", LabStore.Prefix + "/config", Config);
        var services = new ServiceCollection();
        services.AddMetrics();
        string[] names = [.. Enumerable.Range(1, count).Select(node => $"{count}-{node}")];
        foreach (string name in names)
            services.AddFlannel(name).UseEtcd(options => options.Endpoints = server.Endpoints);
        await using ServiceProvider provider = services.BuildServiceProvider();

        // Each has a subnet of its own in mind: two that draw the same one need another round, by chance and not by number.
        EtcdNode[] nodes = await Task.WhenAll(names.Select((name, index) =>
            EtcdNode.AcquireAsync(provider, name, $"192.168.0.{index + 1}", SubnetKey.Parse($"10.5.{index}.0-24"))));
        foreach (EtcdNode node in nodes)
            node.Follow();
        foreach (EtcdNode node in nodes)
        {
            await node.UntilAsync(known => known.Peers.Count == count - 1, "all others");
            await node.DisposeAsync();
        }

        string address = new Uri(server.Endpoints[0]).Authority;
        ILookup<string, string> requests = _requests.Where(request => request.Server == address)
            .ToLookup(request => request.Network, request => request.Method);
        return [.. names.Select(name => string.Join(' ', requests[name]))];
    }
}
