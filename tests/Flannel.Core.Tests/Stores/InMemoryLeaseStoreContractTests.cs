using System.Text;
using Flannel.Extensibility;
using Flannel.Testing;

namespace Flannel.Core.Tests.Stores;

public sealed class InMemoryLeaseStoreContractTests : LeaseStoreContract
{
    private readonly FakeTimeProvider _time = new();
    private readonly InMemoryLeaseStore _store;

    public InMemoryLeaseStoreContractTests() => _store = new InMemoryLeaseStore((string?)null, _time);

    public static TheoryData<string> Names => [.. Cases, .. HistoryCases, .. AdministrationCases];

    protected override ILeaseStore Store => _store;

    protected override TimeSpan TimeToLive => TimeSpan.FromSeconds(10);

    [Theory]
    [MemberData(nameof(Names))]
    public Task Store_KeepsTheContract(string name) => RunAsync(name);

    protected override Task SetConfigAsync(string? config)
    {
        _store.SetConfig(config);
        return Task.CompletedTask;
    }

    protected override Task PutAsync(string key, string document)
    {
        _store.Put(key, Encoding.UTF8.GetBytes(document), timeToLive: null);
        return Task.CompletedTask;
    }

    protected override Task CompactAsync(long revision)
    {
        _store.Compact(revision);
        return Task.CompletedTask;
    }

    protected override Task PassTimeAsync(TimeSpan time)
    {
        _time.Advance(time);
        return Task.CompletedTask;
    }
}
