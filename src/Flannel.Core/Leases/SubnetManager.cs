using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Flannel.Core.Configuration;
using Flannel.Core.Diagnostics;
using Flannel.Core.Stores;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Leases;

/// <summary>
/// The lease policy of one node over any <see cref="ILeaseStore"/>. The key of a subnet in the store is the truth about who holds it; every write that
/// claims, keeps or gives back a subnet compares first, so that two nodes never overwrite each other unnoticed.
/// </summary>
internal sealed partial class SubnetManager : ISubnetManager
{
    private readonly DeadlineLeaseStore _store;
    private readonly SubnetManagerOptions _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly LeaseMetrics _metrics;

    // When the lease with this revision was last written or renewed; null before the first time.
    private (long ModRevision, long Timestamp)? _lastWrite;

    // What was listed last, for the steps that follow, once each: a node that starts lists once. It may be outdated. A write based on it compares, and a
    // watch from it delivers what has happened since.
    private StoreSnapshot? _toFindIn;
    private StoreSnapshot? _toAcquireFrom;
    private StoreSnapshot? _toWatchFrom;

    /// <param name="store">Where the network's configuration and leases are.</param>
    /// <param name="options">Times to live and intervals.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Where chance comes from; used by one call at a time.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="meterFactory">Where to count; <see langword="null"/> counts nowhere.</param>
    /// <param name="networkName">The network's name in this process, for the metrics.</param>
    public SubnetManager(
        ILeaseStore store,
        SubnetManagerOptions options,
        TimeProvider time,
        Random random,
        ILogger<SubnetManager> logger,
        IMeterFactory? meterFactory = null,
        string networkName = "")
    {
        _store = new DeadlineLeaseStore(store, options.CallTimeout, time);
        _options = options;
        _time = time;
        _random = random;
        _logger = logger;
        _metrics = new LeaseMetrics(meterFactory, networkName);
    }

    /// <inheritdoc />
    public async Task<NetworkConfig> GetNetworkConfigAsync(CancellationToken cancellationToken)
    {
        StoreSnapshot snapshot = await _store.ListAsync(null, cancellationToken).ConfigureAwait(false);
        _toFindIn = _toAcquireFrom = snapshot;
        return snapshot.Config is { } bytes
            ? NetworkConfig.Parse(bytes.Span, _store.ConfigSource)
            : throw new NetworkConfigException(
                _store.ConfigSource,
                [new NetworkConfigProblem("", "", """there is none; write one such as {"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""")]);
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<LeaseWatchResult> WatchAsync(
        LeaseRequest request, Lease own, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(own);
        bool isAcquired = _lastWrite is { } last && last.ModRevision == own.ModRevision;
        // A lease of unknown age is renewed at once.
        TimeSpan age = isAcquired ? _time.GetElapsedTime(_lastWrite!.Value.Timestamp) : _options.TimeToLive;
        StoreSnapshot? listed = Interlocked.Exchange(ref _toWatchFrom, null);
        var keeper = new LeaseKeeper(_store, _options, _time, _random, _logger, _metrics, request, own, age, isAcquired ? listed : null);
        await using (keeper.ConfigureAwait(false))
        {
            while (true)
            {
                while (keeper.TryTake(out LeaseWatchResult? result))
                    yield return result;
                await keeper.StepAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc />
    public async Task ReleaseAsync(Lease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        if (lease.IsReservation)
            return;

        var entry = new StoredEntry(lease.Key.ToString(), lease.Attributes.ToUtf8Json(), lease.CreateRevision, lease.ModRevision, HasTimeToLive: true);
        StoreWriteResult result = await _store.DeleteAsync(entry, cancellationToken).ConfigureAwait(false);
        if (result.Succeeded)
            LogReleased(lease.Key);
        else
            LogNotReleased(lease.Key, result.Entry is null ? "it was gone already" : "it was changed by somebody else");
    }
}
