using Etcdserverpb;
using Flannel.Extensibility;
using Flannel.Store.Etcd.Client;
using Flannel.Store.Etcd.Diagnostics;
using Flannel.Store.Etcd.Transport;
using Flannel.Store.Etcd.Watching;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Mvccpb;

namespace Flannel.Store.Etcd;

/// <summary>
/// Leases in etcd, where flannel has them. The key of a subnet is the truth about who holds it; its etcd lease only sees to it that the key goes when
/// its holder does. Every key with a time to live has its own etcd lease for as long as it exists, and no etcd lease is left without a key.
/// </summary>
internal sealed partial class EtcdLeaseStore : ILeaseStore, IDisposable, IAsyncDisposable
{
    // With closing the connections, a store that is disposed of ends within 4 s.
    private static readonly TimeSpan RevokeLimit = TimeSpan.FromSeconds(2);

    private readonly EtcdClient _client;
    private readonly EtcdKeys _keys;
    private readonly EtcdRenewal _renewal;
    private readonly TimeSpan _requestTimeout;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <param name="options">Valid options.</param>
    /// <param name="time">The clock that deadlines and pauses run on; times to live run on etcd's.</param>
    /// <param name="random">The source of random numbers; used by the store alone.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="metrics">Where to count.</param>
    /// <param name="transports">What tests change about connections.</param>
    public EtcdLeaseStore(
        EtcdStoreOptions options,
        TimeProvider time,
        Random random,
        ILogger<EtcdLeaseStore> logger,
        EtcdMetrics metrics,
        GrpcTransportOptions? transports = null)
        : this(new EtcdConnection(options, time, random, logger, metrics, transports), options, time, logger, metrics)
    {
    }

    /// <param name="connection">The connections, which other stores may use too; the store releases them in the end.</param>
    /// <param name="options">Valid options.</param>
    /// <param name="time">The clock that deadlines and pauses run on; times to live run on etcd's.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="metrics">Where to count.</param>
    public EtcdLeaseStore(EtcdConnection connection, EtcdStoreOptions options, TimeProvider time, ILogger<EtcdLeaseStore> logger, EtcdMetrics metrics)
    {
        _client = new EtcdClient(connection, time, logger, metrics);
        _keys = new EtcdKeys(options.Prefix);
        _renewal = options.Renewal;
        _requestTimeout = options.RequestTimeout;
        _time = time;
        _logger = logger;
    }

    /// <inheritdoc />
    public string ConfigSource => $"etcd key {_keys.Config}";

    /// <inheritdoc />
    public TimeSpan? MaxSilence => EtcdWatch.MaxSilence(ProbeAfter, _client.LongestCall);

    /// <inheritdoc />
    /// <remarks>Every endpoint's time, and once more for logging in or for the cluster to elect a leader.</remarks>
    public TimeSpan? LongestCall => _client.LongestCall + _requestTimeout;

    /// <summary>How long a watch may be silent before it has to prove that it is alive. Tests shorten it.</summary>
    internal TimeSpan ProbeAfter { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How many bytes of documents a list holds before it leaves out long ones. Tests lower it.</summary>
    internal long MaxListLength { get; init; } = 128 << 20;

    /// <summary>How many bytes the pieces of one answer of a watch may have together. Tests lower it.</summary>
    internal long MaxPieces { get; init; } = 64 << 20;

    /// <inheritdoc />
    public async IAsyncEnumerable<StoreEvent> WatchAsync(
        long afterRevision, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var watch = new EtcdWatch(_client, _keys, token => ListAsync(null, token), afterRevision, ProbeAfter, MaxPieces, _time, _logger);
        await using (watch.ConfigureAwait(false))
        {
            while (true)
                yield return await watch.NextAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc />
    public void ResetConnections() => _client.ResetConnections();

    /// <inheritdoc />
    public void Dispose() => _ = _client.DisposeAsync().AsTask();

    /// <summary>Revokes the etcd leases that are left over, if etcd answers soon, and closes the connections. It ends within 4 s.</summary>
    public async ValueTask DisposeAsync()
    {
        using (var deadline = new CancellationTokenSource(RevokeLimit, _time))
        {
            try
            {
                await RevokeLeftOversAsync(deadline.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // They end by themselves.
            }
        }

        await _client.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<KeyValue?> ReadAsync(ByteString key, string name, CancellationToken cancellationToken)
    {
        EtcdReply<RangeResponse> reply =
            await _client.CallAsync(EtcdMethods.Range, new RangeRequest { Key = key }, $"read {name}", cancellationToken).ConfigureAwait(false);
        return reply.Value.Kvs is [var found, ..] ? found : null;
    }

    internal static StoredEntry Entry(string name, KeyValue found) =>
        new(name, found.Value.Memory, found.CreateRevision, found.ModRevision, HasTimeToLive: found.Lease != 0) { ClaimId = found.Lease };
}
