using Flannel.Extensibility;
using Flannel.Testing;

namespace Flannel.Core.Tests.Stores;

/// <summary>One instance, on a clock that stands still.</summary>
public sealed class PollingLeaseStoreContractTests : LeaseStoreContract
{
    private readonly FakeTimeProvider _time = new();
    private readonly TableLeaseStore _store;

    public PollingLeaseStoreContractTests() => _store = new TableLeaseStore(new Table(), time: _time);

    public static TheoryData<string> Names => [.. Cases, .. AdministrationCases];

    protected override ILeaseStore Store => _store;

    protected override TimeSpan TimeToLive => TimeSpan.FromSeconds(10);

    [Theory]
    [MemberData(nameof(Names))]
    public Task Store_KeepsTheContract(string name) => RunAsync(name);

    protected override Task SetConfigAsync(string? config) => _store.SetConfigAsync(config, CancellationToken.None);

    protected override Task PassTimeAsync(TimeSpan time)
    {
        _time.Advance(time);
        _store.Poll();
        return Task.CompletedTask;
    }
}

/// <summary>Who writes and who watches know each other by the table alone, and time passes.</summary>
public sealed class PollingLeaseStoreOfManyContractTests : LeaseStoreContract
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    private readonly TableLeaseStore _operator;

    public PollingLeaseStoreOfManyContractTests()
    {
        var table = new Table();
        _operator = new TableLeaseStore(table, Interval);
        Store = new Pair(new TableLeaseStore(table, Interval), new TableLeaseStore(table, Interval));
    }

    public static TheoryData<string> Names => [.. Cases, .. AdministrationCases];

    protected override ILeaseStore Store { get; }

    protected override TimeSpan TimeToLive => TimeSpan.FromSeconds(1);

    [Theory]
    [MemberData(nameof(Names))]
    public Task Store_KeepsTheContract(string name) => RunAsync(name);

    protected override Task SetConfigAsync(string? config) => _operator.SetConfigAsync(config, CancellationToken.None);

    private sealed class Pair(ILeaseStore writer, ILeaseStore reader) : ILeaseStore
    {
        public string ConfigSource => reader.ConfigSource;

        public Task<StoreSnapshot> ListAsync(long? revision, CancellationToken cancellationToken) => reader.ListAsync(revision, cancellationToken);

        public Task<StoreWriteResult> CreateAsync(
            string key, ReadOnlyMemory<byte> value, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
            writer.CreateAsync(key, value, timeToLive, cancellationToken);

        public Task<StoreWriteResult> UpdateAsync(
            StoredEntry expected, ReadOnlyMemory<byte> value, TimeSpan timeToLive, CancellationToken cancellationToken) =>
            writer.UpdateAsync(expected, value, timeToLive, cancellationToken);

        public Task<StoreWriteResult> RenewAsync(StoredEntry expected, TimeSpan timeToLive, CancellationToken cancellationToken) =>
            writer.RenewAsync(expected, timeToLive, cancellationToken);

        public Task<StoreWriteResult> DeleteAsync(StoredEntry expected, CancellationToken cancellationToken) =>
            writer.DeleteAsync(expected, cancellationToken);

        public Task<StoreConfigResult> WriteConfigAsync(
            ReadOnlyMemory<byte>? document, long? expectedRevision, CancellationToken cancellationToken) =>
            writer.WriteConfigAsync(document, expectedRevision, cancellationToken);

        public Task<StoreWriteResult> SetTimeToLiveAsync(StoredEntry expected, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
            writer.SetTimeToLiveAsync(expected, timeToLive, cancellationToken);

        public Task<IReadOnlyDictionary<string, TimeSpan>> ReadTimesLeftAsync(
            IReadOnlyCollection<string> keys, CancellationToken cancellationToken) =>
            reader.ReadTimesLeftAsync(keys, cancellationToken);

        public IAsyncEnumerable<StoreEvent> WatchAsync(long afterRevision, CancellationToken cancellationToken) =>
            reader.WatchAsync(afterRevision, cancellationToken);
    }
}
