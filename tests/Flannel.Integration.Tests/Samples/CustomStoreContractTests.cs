using CustomStore;
using Flannel.Extensibility;
using Flannel.Testing;

namespace Flannel.Integration.Tests.Samples;

/// <summary>The sample of a store keeps the contract: who writes and who watches share nothing but the file.</summary>
public sealed class CustomStoreContractTests : LeaseStoreContract, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-store-");
    private readonly JsonFileLeaseStore _operator;

    public CustomStoreContractTests()
    {
        string file = Path.Combine(_folder.FullName, "leases.json");
        var interval = TimeSpan.FromMilliseconds(10);
        _operator = new JsonFileLeaseStore(file, interval);
        Store = new JsonFileLeaseStore(file, interval);
    }

    public static TheoryData<string> Names => [.. Cases, .. AdministrationCases];

    protected override ILeaseStore Store { get; }

    [Theory]
    [MemberData(nameof(Names))]
    public Task Store_KeepsTheContract(string name) => RunAsync(name);

    protected override Task SetConfigAsync(string? config) => _operator.SetConfigAsync(config, CancellationToken.None);

    protected override Task PutAsync(string key, string document) =>
        _operator.CreateAsync(key, System.Text.Encoding.UTF8.GetBytes(document), null, CancellationToken.None);

    public void Dispose() => _folder.Delete(recursive: true);
}
