using System.Diagnostics.Metrics;
using Flannel.Core.Stores;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Leases.Policy;

/// <summary>
/// The lease policy of one node over any <see cref="ILeaseStore"/>. The key of a subnet in the store is the truth about who holds it; every write
/// that claims, keeps or gives back a subnet compares first, so that two nodes never overwrite each other unnoticed.
/// </summary>
internal sealed partial class SubnetManager : ISubnetManager
{
    private readonly DeadlineLeaseStore _store;
    private volatile SubnetManagerOptions _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly LeaseMetrics _metrics;

    /// <param name="store">Where the network's configuration and leases are.</param>
    /// <param name="options">Times to live, intervals and limits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">The source of randomness; used by one call at a time.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="meterFactory">What makes meters, if there is one.</param>
    /// <param name="networkName">The network's name in this process, for metrics and traces.</param>
    public SubnetManager(
        ILeaseStore store,
        SubnetManagerOptions options,
        TimeProvider time,
        Random random,
        ILogger<SubnetManager> logger,
        IMeterFactory? meterFactory = null,
        string networkName = "")
    {
        _options = options;
        _time = time;
        _random = random;
        _logger = logger;
        _metrics = new LeaseMetrics(meterFactory, networkName);
        var leftovers = new StoreLeftovers(options.CloseTimeout, time, _metrics.CountAbandoned);
        _store = new DeadlineLeaseStore(store, options.CallTimeout, time, leftovers, networkName);
    }

    /// <inheritdoc />
    public async Task<ISubnetView> OpenAsync(CancellationToken cancellationToken) =>
        new View(this, await _store.ListAsync(null, cancellationToken).ConfigureAwait(false));

    /// <inheritdoc />
    public async Task ReleaseAsync(Lease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        if (lease.IsReservation)
            return;

        var entry = new StoredEntry(
            lease.Key.ToString(), lease.Attributes.ToUtf8Json(), lease.CreateRevision, lease.ModRevision, HasTimeToLive: true);
        StoreWriteResult result = await _store.DeleteAsync(entry, cancellationToken).ConfigureAwait(false);
        if (result.Succeeded)
            Log.Released(_logger, lease.Key);
        else
            Log.NotReleased(_logger, lease.Key, result.Entry is null ? "it was gone already" : "it was changed by somebody else");
    }

    /// <summary>Goes by other options from the next lease on that is taken. How long calls may take does not change.</summary>
    public void Use(SubnetManagerOptions options) => _options = options;

    /// <inheritdoc />
    public Task ResetConnectionsAsync() => _store.ResetConnectionsAsync();
}
