using System.Diagnostics.CodeAnalysis;
using Etcdserverpb;
using Flannel.Extensibility;
using Flannel.Store.Etcd.Client;
using Flannel.Store.Etcd.Transport;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Mvccpb;

namespace Flannel.Store.Etcd.Watching;

/// <summary>
/// A watch that outlives its streams: one that breaks, falls silent or was opened with outdated certificates is replaced by another one, at whichever
/// endpoint answers, that goes on after the last change delivered. For one reader.
/// </summary>
internal sealed partial class EtcdWatch : IAsyncDisposable
{
    // How often a silent stream is asked whether it is alive before it counts as dead, and how long it has for an answer.
    private const int MaxProbes = 2;
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);

    // A stream that lived shorter than this was no success.
    private static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(5);

    private readonly EtcdClient _client;
    private readonly EtcdKeys _keys;
    private readonly Func<CancellationToken, Task<StoreSnapshot>> _list;
    private readonly TimeSpan _probeAfter;
    private readonly long _maxPieces;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly List<StoreChange> _changes = [];

    private long _seen;
    private long _changesRevision;
    private KeyValue? _config;
    private bool _isConfigDeleted;
    private long _pieces;
    private OpenWatch? _open;
    private Task<WatchResponse>? _reading;
    private long _openedAt;
    private int _breaks;
    private bool _isReopened;

    /// <param name="client">The cluster.</param>
    /// <param name="keys">What to watch.</param>
    /// <param name="list">Lists everything, for when the history is gone.</param>
    /// <param name="afterRevision">The revision up to which the reader knows everything.</param>
    /// <param name="probeAfter">How long the stream may be silent before it is asked whether it is alive.</param>
    /// <param name="maxPieces">How many bytes the pieces of one answer may have together.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to log.</param>
    public EtcdWatch(
        EtcdClient client,
        EtcdKeys keys,
        Func<CancellationToken, Task<StoreSnapshot>> list,
        long afterRevision,
        TimeSpan probeAfter,
        long maxPieces,
        TimeProvider time,
        ILogger logger)
    {
        _client = client;
        _keys = keys;
        _list = list;
        _seen = afterRevision;
        _probeAfter = probeAfter;
        _maxPieces = maxPieces;
        _time = time;
        _logger = logger;
    }

    /// <summary>The next changes, or everything again if the history in between is gone.</summary>
    /// <exception cref="StoreException">No endpoint serves the watch now.</exception>
    public async Task<StoreEvent> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                WatchResponse response = _open is null
                    ? await OpenAsync(cancellationToken).ConfigureAwait(false)
                    : await ReadAsync(cancellationToken).ConfigureAwait(false);
                // Such an answer has no own revision; the one it names is where the history begins, not where we are.
                if (response.CompactRevision != 0)
                {
                    Log.Compacted(_logger, _seen, response.CompactRevision);
                    return await ListAsync(cancellationToken).ConfigureAwait(false);
                }

                if (response.Canceled)
                    throw RpcFailure.Parse(response.CancelReason);
                if (TryTake(response, out StoreChanges? changes))
                    return changes;
                // It was no news but a sign of life: the answer to a probe, or to having been opened again.
                if (!response.Fragment && (!response.Created || _isReopened))
                    return new StoreChanges([], _seen);
            }
            catch (GrpcException error) when (error.IsTooLarge)
            {
                // It would come again at every attempt. A list says which document it is and steps over it.
                Log.ChangeTooLarge(_logger, _seen, error.Message);
                return await ListAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (GrpcException error)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await BreakAsync(error, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync() => await CloseAsync(CancellationToken.None).ConfigureAwait(false);

    /// <summary>The longest time that a healthy watch delivers nothing: until it is asked, is given up, and is opened again elsewhere.</summary>
    /// <param name="probeAfter">How long the stream may be silent before it is asked whether it is alive.</param>
    /// <param name="longestCall">How long opening a stream may take.</param>
    public static TimeSpan MaxSilence(TimeSpan probeAfter, TimeSpan longestCall) =>
        probeAfter + (MaxProbes * ProbeLimit(probeAfter)) + GrpcTransport.CloseLimit + longestCall;

    private async Task<WatchResponse> OpenAsync(CancellationToken cancellationToken)
    {
        var request = new WatchCreateRequest
        {
            Key = _keys.ConfigKey,
            RangeEnd = _keys.RangeEnd,
            StartRevision = _seen + 1,
            ProgressNotify = true,
            Fragment = true,
        };
        _open = await _client.WatchAsync(request, $"watch {_keys.Subnets}", cancellationToken).ConfigureAwait(false);
        _openedAt = _time.GetTimestamp();
        return _open.First;
    }

    private async Task<WatchResponse> ReadAsync(CancellationToken cancellationToken)
    {
        for (int probes = 0; ; probes++)
        {
            _reading ??= _open!.Stream.ReadAsync(CancellationToken.None);
            try
            {
                TimeSpan patience = probes == 0 ? _probeAfter : ProbeLimit(_probeAfter);
                WatchResponse response = await _reading.WaitAsync(patience, _time, cancellationToken).ConfigureAwait(false);
                _reading = null;
                EtcdAnswers.Check(response);
                return response;
            }
            catch (TimeoutException)
            {
                if (_client.IsOutdated(_open!))
                    throw new GrpcException(StatusCode.Unavailable, "the certificates have changed");
                if (probes == MaxProbes)
                    throw new GrpcException(StatusCode.Unavailable, $"the watch does not answer (asked {MaxProbes} times)");
                await ProbeAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task ProbeAsync(CancellationToken cancellationToken)
    {
        TimeSpan limit = ProbeLimit(_probeAfter);
        using var deadline = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await _open!.Stream.WriteAsync(new WatchRequest { ProgressRequest = new WatchProgressRequest() }, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw HttpFailure.Map(error, limit);
        }
    }

    private bool TryTake(WatchResponse response, [NotNullWhen(true)] out StoreChanges? changes)
    {
        changes = null;
        // An answer to a probe belongs to no watch. etcd 3.4 may send it before changes that are older, so it proves life and nothing else.
        if (response.Created || response.WatchId != _open!.First.WatchId)
            return false;

        foreach (Event change in response.Events)
        {
            if (change.Kv.ModRevision <= _seen)
                continue;
            _changesRevision = change.Kv.ModRevision;
            bool isPut = change.Type == Event.Types.EventType.Put;
            if (_keys.NameOf(change.Kv.Key) is { } name)
                _changes.Add(new StoreChange(name, isPut ? EtcdLeaseStore.Entry(name, change.Kv) : null));
            else if (change.Kv.Key == _keys.ConfigKey)
                (_config, _isConfigDeleted) = (isPut ? change.Kv : null, !isPut);
        }

        // The pieces of one revision belong together: who saw one of them only would resume in the middle.
        if (response.Fragment)
        {
            _pieces += response.CalculateSize();
            if (_pieces > _maxPieces)
                throw new GrpcException(StatusCode.ResourceExhausted, "the answer comes in pieces that together are longer than is accepted");
            return false;
        }

        _pieces = 0;
        bool hasNews = _changes.Count > 0 || _config is not null || _isConfigDeleted;
        // While etcd catches up with the history, the header of an answer with changes is ahead of them.
        _seen = Math.Max(_seen, hasNews || response.Events.Count > 0 ? _changesRevision : response.Header.Revision);
        if (!hasNews)
            return false;

        changes = new StoreChanges([.. _changes], _seen)
        {
            Config = _config?.Value.Memory,
            ConfigRevision = _config?.ModRevision ?? 0,
            IsConfigDeleted = _isConfigDeleted,
        };
        Forget();
        return true;
    }

    private void Forget()
    {
        _changes.Clear();
        _pieces = 0;
        _config = null;
        _isConfigDeleted = false;
    }

    private async Task<StoreSnapshot> ListAsync(CancellationToken cancellationToken)
    {
        await CloseAsync(cancellationToken).ConfigureAwait(false);
        StoreSnapshot snapshot = await _list(cancellationToken).ConfigureAwait(false);
        _seen = snapshot.Revision;
        return snapshot;
    }

    private async Task BreakAsync(GrpcException error, CancellationToken cancellationToken)
    {
        OpenWatch broken = _open!;
        _isReopened = true;
        await CloseAsync(cancellationToken).ConfigureAwait(false);
        _breaks = _time.GetElapsedTime(_openedAt) < ShortLife ? _breaks + 1 : 0;
        if (!_client.IsOutdated(broken))
            _client.ReportFailure(broken.Endpoint, error);
        Log.Reopened(_logger, broken.Endpoint.Name, _keys.Subnets, _seen, error.Message);
        // The first one goes on elsewhere at once; streams that break again and again must not become a storm.
        if (_breaks > 1)
            await Task.Delay(_client.Pause(_breaks), _time, cancellationToken).ConfigureAwait(false);
    }

    private async Task CloseAsync(CancellationToken cancellationToken)
    {
        Forget();
        if (_open is not { } open)
            return;

        // Nobody waits for the read: it ends with the stream, or never.
        _ = _reading?.ContinueWith(
            static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        (_open, _reading) = (null, null);
        await open.Stream.DisposeAsync().AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private static TimeSpan ProbeLimit(TimeSpan probeAfter) => probeAfter < ProbeTimeout ? probeAfter : ProbeTimeout;
}
