using System.Diagnostics;
using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Benchmarks.Overlays;

/// <summary>An in-memory store full of leases, and the subnet manager of a host that has none yet.</summary>
internal sealed class SharedStore : IAsyncDisposable
{
    private static readonly TimeSpan TimeToLive = TimeSpan.FromHours(24);

    private readonly ServiceProvider _services;
    private readonly LeaseRequest _request;

    public SharedStore(NetworkConfig config, IReadOnlyList<SubnetKey> taken)
    {
        var store = new InMemoryLeaseStore(config);
        for (int number = 0; number < taken.Count; number++) store.Put(taken[number], new Peer(number).Lease.Attributes, TimeToLive);
        _services = new ServiceCollection().AddFlannel("bench").UseInMemoryStore(store).Services.BuildServiceProvider();
        _request = new LeaseRequest { Config = config, Attributes = new Peer(taken.Count).Lease.Attributes };
    }

    /// <summary>Acquires a lease and gives it back.</summary>
    /// <returns>How many milliseconds the acquisition took.</returns>
    public async Task<double> AcquireAsync(CancellationToken cancellationToken)
    {
        ISubnetManager manager = _services.GetRequiredKeyedService<ISubnetManager>("bench");
        long start = Stopwatch.GetTimestamp();
        ISubnetView view = await manager.OpenAsync(cancellationToken);
        Lease lease = (await view.AcquireAsync(_request, cancellationToken)).Lease;
        double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        await manager.ReleaseAsync(lease, cancellationToken);
        return milliseconds;
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
