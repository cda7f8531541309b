using Flannel.Extensibility;

namespace Flannel.Testing.Tests.Contracts;

/// <summary>
/// Every case of the contract of backends passes on a backend that keeps the rules, and fails, by its name, on one that breaks its rule.
/// </summary>
public sealed class BackendContractTests
{
    public static TheoryData<string> Cases => [.. BackendContract.Cases];

    [Theory]
    [MemberData(nameof(Cases))]
    public Task Case_BackendThatKeepsTheRules_Passes(string name) => new Contract(static _ => { }, TimeSpan.FromSeconds(30)).RunAsync(name);

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Case_BackendThatBreaksTheRule_FailsByItsName(string name)
    {
        var contract = new Contract(BackendMutants.All[name], TimeSpan.FromSeconds(1));

        ContractException error = await Assert.ThrowsAsync<ContractException>(() => contract.RunAsync(name));

        Assert.Equal(name, error.Case);
        Assert.Contains(error.Rule, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cases_AreNamedOnceAndEachHasItsMutant() =>
        Assert.Equal(BackendContract.Cases.Order(StringComparer.Ordinal), BackendMutants.All.Keys.Order(StringComparer.Ordinal));

    // Without a data path to look at, a backend can still be tried.
    [Theory]
    [MemberData(nameof(Cases))]
    public Task Case_NothingToLookAt_Passes(string name) => new Contract(static _ => { }, TimeSpan.FromSeconds(30), isBlind: true).RunAsync(name);

    private sealed class Contract : BackendContract
    {
        private readonly MutantBackend _backend = new();
        private readonly bool _isBlind;

        public Contract(Action<MutantBackend> mutate, TimeSpan patience, bool isBlind = false)
        {
            mutate(_backend);
            (Patience, _isBlind) = (patience, isBlind);
        }

        protected override IBackend Backend => _backend;

        protected override TimeSpan Patience { get; }

        protected override BackendContext Context { get; } = new()
        {
            NetworkName = "",
            Config = NetworkConfig.Parse("""{"Network":"10.5.0.0/16","Backend":{"Type":"fake"}}""", "test"),
            ExternalInterface = new InMemoryHostNetwork().External,
        };

        protected override Task<IReadOnlyCollection<SubnetKey>?> ReadDataPathAsync() =>
            Task.FromResult<IReadOnlyCollection<SubnetKey>?>(_isBlind ? null : [.. _backend.Right.DataPath.Keys]);
    }
}
