using System.Text;
using Flannel.Extensibility;

namespace Flannel.Testing.Tests.Contracts;

/// <summary>
/// Every case of the contract of stores passes on a store that keeps the rules, and fails, by its name, on one that breaks its rule.
/// </summary>
public sealed class LeaseStoreContractTests
{
    private static readonly Dictionary<string, Action<MutantStore>> Mutants = new(StoreMutants.All.Concat(AdministrationMutants.All));

    public static TheoryData<string> Cases =>
        [.. LeaseStoreContract.Cases, .. LeaseStoreContract.HistoryCases, .. LeaseStoreContract.AdministrationCases];

    [Theory]
    [MemberData(nameof(Cases))]
    public Task Case_StoreThatKeepsTheRules_Passes(string name) => new Contract(static _ => { }, TimeSpan.FromSeconds(30)).RunAsync(name);

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Case_StoreThatBreaksTheRule_FailsByItsName(string name)
    {
        var contract = new Contract(Mutants[name], TimeSpan.FromSeconds(1));

        ContractException error = await Assert.ThrowsAsync<ContractException>(() => contract.RunAsync(name));

        Assert.Equal(name, error.Case);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains(error.Rule, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cases_AreNamedOnceAndEachHasItsMutant()
    {
        string[] names = [.. LeaseStoreContract.Cases, .. LeaseStoreContract.HistoryCases, .. LeaseStoreContract.AdministrationCases];
        Assert.Equal(names.Order(StringComparer.Ordinal), Mutants.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public Task Case_Unknown_SaysSo() =>
        Assert.ThrowsAsync<ArgumentException>(() => new Contract(static _ => { }, TimeSpan.Zero).RunAsync("Nothing"));

    [Fact]
    public async Task HistoryCase_StoreThatCannotForget_SaysWhatToOverride()
    {
        ContractException error = await Assert.ThrowsAsync<ContractException>(
            () => new WithoutHistory().RunAsync("History_CompactedWhileOpen_GoesOn"));
        Assert.Contains("CompactAsync", error.Message, StringComparison.Ordinal);
    }

    private sealed class Contract : LeaseStoreContract
    {
        private readonly FakeTimeProvider _time = new();
        private readonly MutantStore _store;

        public Contract(Action<MutantStore> mutate, TimeSpan patience)
        {
            _store = new MutantStore(_time);
            mutate(_store);
            Patience = patience;
        }

        protected override ILeaseStore Store => _store;

        protected override TimeSpan TimeToLive => TimeSpan.FromSeconds(10);

        protected override TimeSpan Patience { get; }

        protected override Task SetConfigAsync(string? config)
        {
            _store.Right.SetConfig(config);
            return Task.CompletedTask;
        }

        protected override Task PutAsync(string key, string document)
        {
            _store.Right.Put(key, Encoding.UTF8.GetBytes(document), timeToLive: null);
            return Task.CompletedTask;
        }

        protected override Task CompactAsync(long revision)
        {
            _store.IsCompacted = true;
            _store.Right.Compact(revision);
            return Task.CompletedTask;
        }

        protected override Task PassTimeAsync(TimeSpan time)
        {
            _time.Advance(time);
            return Task.CompletedTask;
        }
    }

    private sealed class WithoutHistory : LeaseStoreContract
    {
        protected override ILeaseStore Store { get; } = new InMemoryLeaseStore((string?)null);

        protected override Task SetConfigAsync(string? config) => Task.CompletedTask;
    }
}
