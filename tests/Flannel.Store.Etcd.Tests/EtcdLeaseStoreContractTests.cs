using Flannel.Extensibility;
using Flannel.Lab.Etcd;
using Flannel.Store.Etcd.Tests.Lab;
using Flannel.Testing;

namespace Flannel.Store.Etcd.Tests;

public sealed class EtcdLeaseStoreContractTests(EtcdFixture fixture) : LeaseStoreContract, IClassFixture<EtcdFixture>, IAsyncLifetime
{
    private EtcdServer? _server;
    private EtcdLeaseStore? _store;

    public static TheoryData<string> Names => [.. Cases, .. HistoryCases, .. AdministrationCases];

    protected override ILeaseStore Store => _store!;

    // etcd counts whole seconds and grants two of them at least.
    protected override TimeSpan TimeToLive => TimeSpan.FromSeconds(3);

    public async Task InitializeAsync()
    {
        _server = await fixture.GetAsync();
        _store = LabStore.Open(_server);
    }

    public async Task DisposeAsync()
    {
        if (_server is null)
            return;
        // Keys that end during the next test would change its revisions.
        await _server.RunAsync("del", "--prefix", LabStore.Prefix);
        await _store!.DisposeAsync();
    }

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public Task Store_KeepsTheContract(string name) => RunAsync(name);

    protected override Task SetConfigAsync(string? config) =>
        config is null ? _server!.RunAsync("del", LabStore.Prefix + "/config") : _server!.RunAsync("put", LabStore.Prefix + "/config", config);

    protected override Task PutAsync(string key, string document) => _server!.RunAsync("put", $"{LabStore.Prefix}/subnets/{key}", document);

    protected override Task CompactAsync(long revision) => _server!.RunAsync("compaction", $"{revision}");

    protected override Task PassTimeAsync(TimeSpan time) => Task.Delay(time);
}
