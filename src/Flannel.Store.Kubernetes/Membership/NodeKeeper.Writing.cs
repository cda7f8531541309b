using System.Diagnostics.CodeAnalysis;
using Flannel.Extensibility;
using Flannel.Store.Kubernetes.Client;
using Flannel.Store.Kubernetes.Nodes;
using Flannel.Store.Kubernetes.Objects;

namespace Flannel.Store.Kubernetes.Membership;

/// <content>Writing to the own Node, and what is said of the API server.</content>
internal sealed partial class NodeKeeper
{
    private static readonly BackOff Pauses = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), jitter: 0.5);

    private readonly Queue<TimeSpan> _conditions = new();
    private Task<ApiObject>? _write;
    private TimeSpan _writeAt = TimeSpan.MaxValue;
    private TimeSpan _retryAt;
    private int _writeFailures;
    private bool _isRestore;
    private bool _isRestoring;
    private StoreException? _watchError;
    private StoreException? _writeError;
    private string? _toldError;

    /// <summary>
    /// When the Node's condition is to be set: after the first peers were told, and not against somebody who keeps setting it otherwise.
    /// </summary>
    private TimeSpan ConditionAt
    {
        get
        {
            if (!_services.SetsCondition || !_arePeersTold || _loss is not null || _isMoved || _node is not { } node
                || node.NetworkUnavailable == NodePatch.UpCondition)
            {
                return TimeSpan.MaxValue;
            }

            while (_conditions.TryPeek(out TimeSpan oldest) && Now - oldest > ConflictWindow)
                _conditions.Dequeue();
            return _conditions.Count switch
            {
                0 => _retryAt,
                < MaxRestores => Max(_conditions.Last() + SlowPause, _retryAt),
                _ => TimeSpan.MaxValue,
            };
        }
    }

    private void BeginWrite()
    {
        _writeAt = TimeSpan.MaxValue;
        if (_node is not { } node)
            return;
        LeaseAttributes attributes = AttributesFor(node);
        KeyValuePair<Annotation, string?>[] changes = [.. node.Annotations.DifferencesTo(NodeLease.ToAnnotations(attributes))];
        if (changes.Length == 0)
            return;
        _isRestoring = _isRestore;
        if (_isRestoring)
        {
            _restores.Add(Now);
            _services.Metrics.NodeRestored();
            NoteClaimant(AddressesIn(changes.Select(change => KeyValuePair.Create(change.Key, node.Annotations[change.Key]))));
            Log.Restored(_services.Logger, _name, string.Join(", ", changes.Select(change => _services.Names[change.Key])));
        }

        Begin(NodePatch.Annotations(changes, _services.Names));
    }

    private void BeginCondition()
    {
        _conditions.Enqueue(Now);
        _isRestoring = false;
        Begin(NodePatch.NetworkAvailable(_services.Time.GetUtcNow()));
    }

    private void Begin(byte[] patch)
    {
        CancellationToken token = _stop.Token;
        _write = Task.Run(() => _services.Client.SendAsync(ApiRequest.PatchStatus(_name, patch), token), CancellationToken.None);
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "However a write fails, it is tried again.")]
    private async Task TakeWrittenAsync()
    {
        (Task<ApiObject> written, _write) = (_write!, null);
        try
        {
            ApiObject node = await written.ConfigureAwait(false);
            ForgetWriteError();
            // What the watch has told meanwhile may be newer.
            bool isNewest = _node is null || _node.Uid != node.Uid || !(_node.Version > node.Version);
            if (node.Uid == _publishedUid)
                _publishedVersion = node.Version;
            if (isNewest && _node is not null)
                _node = node;
        }
        catch (Exception error)
        {
            Fail(error as StoreException ?? new StoreException($"Writing the Node {_name} failed unexpectedly: " +
                $"{error.Message}", isTransient: true, error));
        }

        SettleOwn();
    }

    private void ForgetWriteError()
    {
        _writeFailures = 0;
        SetStoreError(ref _writeError, null);
    }

    private void Fail(StoreException error)
    {
        // What was not carried out is no restore.
        if (_isRestoring && _restores.Count > 0)
            _restores.RemoveAt(_restores.Count - 1);
        TimeSpan pause = Pauses.Delay(++_writeFailures, _services.Random);
        if (error is KubernetesApiException { RetryAfter: { } asked })
            pause = Max(pause, asked);
        _retryAt = Now + pause;
        if (_conditions.Count > 0)
            _conditions.Clear();
        if (_writeFailures == 1)
            Log.NotPublished(_services.Logger, _name, error.Message);
        // A Node that is gone is seen by the watch.
        if (error is not KubernetesApiException { StatusCode: System.Net.HttpStatusCode.NotFound })
            SetStoreError(ref _writeError, error);
    }

    /// <summary>Tells the node and the log that the API server went away or came back, and why: always the newest reason.</summary>
    private void SetStoreError(ref StoreException? error, StoreException? value)
    {
        bool wasAway = (_watchError ?? _writeError) is not null;
        error = value;
        StoreException? now = value ?? _watchError ?? _writeError;
        if (now?.Message == _toldError)
            return;
        _toldError = now?.Message;
        _results.Enqueue(new StoreAvailabilityChanged(now));
        if (now is null)
            Log.ApiBack(_services.Logger);
        else if (wasAway)
            Log.ApiStillAway(_services.Logger, now.Message);
        else
            Log.ApiAway(_services.Logger, now.Message);
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
