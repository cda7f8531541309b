using System.Net;
using System.Text;
using Flannel.Extensibility;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Core.Tests.Administration;

/// <summary>A network's administration over a store in memory that can fail, registered as a program without a node does.</summary>
internal sealed class AdministrationLab : IAsyncDisposable
{
    public const string Network = """{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""";

    private readonly ServiceProvider _provider;

    public AdministrationLab(string? config = Network, Action<IFlannelBuilder>? configure = null)
    {
        Memory = new InMemoryLeaseStore(config, Time);
        Store = new FaultyLeaseStore(Memory);
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(Time);
        IFlannelBuilder builder = services.AddFlannelAdministration();
        builder.UseStore(Store);
        configure?.Invoke(builder);
        _provider = services.BuildServiceProvider();
        Administration = _provider.GetRequiredService<IFlannelAdministration>();
        Observer = _provider.GetRequiredService<IFlannelObserver>();
    }

    public FakeTimeProvider Time { get; } = new();

    public InMemoryLeaseStore Memory { get; }

    public FaultyLeaseStore Store { get; }

    public IFlannelAdministration Administration { get; }

    public IFlannelObserver Observer { get; }

    /// <summary>The configuration document as it stands in the store.</summary>
    public async Task<string?> ReadDocumentAsync() =>
        (await Memory.ListAsync(null, CancellationToken.None)).Config is { } document ? Encoding.UTF8.GetString(document.Span) : null;

    public static LeaseAttributes Host(string address) => new() { PublicIP = IPAddress.Parse(address) };

    /// <summary>What a host of the vxlan network publishes.</summary>
    public static LeaseAttributes Vxlan(string address) =>
        Host(address) with { BackendType = "vxlan", BackendData = """{"VNI":1,"VtepMAC":"02:00:00:00:00:01"}""" };

    public StoredEntry Put(string key, LeaseAttributes attributes, TimeSpan? timeToLive) => Memory.Put(SubnetKey.Parse(key), attributes, timeToLive);

    public StoredEntry PutText(string key, string document, TimeSpan? timeToLive = null) =>
        Memory.Put(key, Encoding.UTF8.GetBytes(document), timeToLive);

    public async Task<StoredLease> FindAsync(string key, bool withTimeLeft = false) =>
        (await Administration.ListLeasesAsync(withTimeLeft)).Single(lease => lease.Key == key);

    public ValueTask DisposeAsync() => _provider.DisposeAsync();
}
