using Etcdserverpb;
using Flannel.Store.Etcd.Diagnostics;
using Flannel.Store.Etcd.Transport;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Etcd.Client;

/// <summary>
/// Calls to the cluster: whichever endpoint answers. Every request that goes through here may be sent twice; the caller writes its requests so that
/// the second one shows what the first one did.
/// </summary>
internal sealed partial class EtcdClient : IAsyncDisposable
{
    private readonly EtcdConnection _connection;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly EtcdMetrics _metrics;
    private int _isReleased;

    /// <summary>A client with its own connections.</summary>
    /// <param name="options">Valid options.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">The source of random numbers; used by the client alone.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="metrics">Where to count.</param>
    /// <param name="transports">What tests change about connections.</param>
    public EtcdClient(
        EtcdStoreOptions options,
        TimeProvider time,
        Random random,
        ILogger logger,
        EtcdMetrics metrics,
        GrpcTransportOptions? transports = null)
        : this(new EtcdConnection(options, time, random, logger, metrics, transports), time, logger, metrics)
    {
    }

    /// <summary>A client on connections that others may use too.</summary>
    /// <param name="connection">The connections, which the client releases in the end.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="metrics">Where to count.</param>
    public EtcdClient(EtcdConnection connection, TimeProvider time, ILogger logger, EtcdMetrics metrics)
    {
        _connection = connection;
        _time = time;
        _logger = logger;
        _metrics = metrics;
    }

    /// <summary>How long a call may take that no endpoint answers, elections apart.</summary>
    public TimeSpan LongestCall => _connection.LongestCall;

    private TimeSpan Timeout => _connection.Timeout;

    private ClusterMemory Cluster => _connection.Cluster;

    /// <summary>One request, one answer.</summary>
    /// <param name="method">What to call.</param>
    /// <param name="request">The request.</param>
    /// <param name="what">What is asked, for messages: a verb and a key.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">No endpoint answered, or the cluster refused.</exception>
    public Task<EtcdReply<TResponse>> CallAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, string what, CancellationToken cancellationToken)
        where TRequest : class
        where TResponse : class =>
        CallAsync(method, request, what, canAskForLess: false, cancellationToken);

    /// <summary>One request, one answer.</summary>
    /// <param name="method">What to call.</param>
    /// <param name="request">The request.</param>
    /// <param name="what">What is asked, for messages: a verb and a key.</param>
    /// <param name="canAskForLess">
    /// Whether the caller asks for less when an answer does not end in time: another endpoint is not asked then, to which the way is as slow.
    /// </param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreException">No endpoint answered, or the cluster refused.</exception>
    public Task<EtcdReply<TResponse>> CallAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, string what, bool canAskForLess, CancellationToken cancellationToken)
        where TRequest : class
        where TResponse : class =>
        RunAsync(
            what,
            async (endpoint, transport, token) =>
            {
                long seen = method.IsLinearizable ? Cluster.Revision : 0;
                TResponse answer;
                try
                {
                    answer = await transport.CallAsync(method, request, token, Timeout, _metrics, cancellationToken).ConfigureAwait(false);
                }
                catch (GrpcException error) when (canAskForLess && error.IsIncomplete)
                {
                    throw Unanswered(what, [(endpoint, error)], mayBeRepeat: false);
                }

                method.Check(request, answer);
                Cluster.Check(method.Header(answer), seen);
                return answer;
            },
            cancellationToken);

    /// <summary>Restarts a lease's time to live.</summary>
    /// <param name="leaseId">The lease.</param>
    /// <param name="what">What is asked, for messages.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The time to live in seconds; 0 or less if the lease is gone.</returns>
    /// <exception cref="StoreException">No endpoint answered, or the cluster refused.</exception>
    public async Task<long> KeepAliveAsync(long leaseId, string what, CancellationToken cancellationToken)
    {
        EtcdReply<LeaseKeepAliveResponse> reply = await RunAsync(
            what,
            async (_, transport, token) =>
            {
                GrpcStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse> stream = transport.Open(EtcdMethods.LeaseKeepAlive, token, _metrics);
                await using (stream.ConfigureAwait(false))
                {
                    var request = new LeaseKeepAliveRequest { ID = leaseId };
                    LeaseKeepAliveResponse answer = await AskAsync(transport, stream, request, cancellationToken).ConfigureAwait(false);
                    EtcdAnswers.Check(request, answer);
                    Cluster.Check(answer.Header, atLeast: 0);
                    return answer;
                }
            },
            cancellationToken).ConfigureAwait(false);
        return reply.Value.TTL;
    }

    /// <summary>Opens a watch.</summary>
    /// <param name="request">What to watch.</param>
    /// <param name="what">What is asked, for messages.</param>
    /// <param name="cancellationToken">Ends the call; the watch goes on.</param>
    /// <exception cref="StoreException">No endpoint answered, or the cluster refused.</exception>
    public async Task<OpenWatch> WatchAsync(WatchCreateRequest request, string what, CancellationToken cancellationToken)
    {
        EtcdReply<OpenWatch> reply = await RunAsync(
            what,
            async (endpoint, transport, token) =>
            {
                long version = _connection.Version;
                GrpcStream<WatchRequest, WatchResponse> stream = transport.Open(EtcdMethods.Watch, token, _metrics);
                try
                {
                    WatchResponse first = await AskAsync(transport, stream, new WatchRequest { CreateRequest = request }, cancellationToken)
                        .ConfigureAwait(false);
                    EtcdAnswers.CheckFirst(first);
                    Cluster.Check(first.Header, atLeast: 0);
                    // etcd reports a refused watch inside the stream, which it leaves open.
                    if (first is { Canceled: true, CompactRevision: 0 })
                        throw RpcFailure.Parse(first.CancelReason);
                    return new OpenWatch(endpoint, stream, first, version);
                }
                catch
                {
                    await stream.DisposeAsync().ConfigureAwait(false);
                    throw;
                }
            },
            cancellationToken).ConfigureAwait(false);
        return reply.Value;
    }

    /// <summary>Whether a connection is not to be used any more: the credentials that it was made with have changed, or all were reset.</summary>
    public bool IsOutdated(OpenWatch watch)
    {
        _connection.Refresh();
        return watch.Version != _connection.Version;
    }

    /// <summary>Drops every connection with all that goes through it. Returns at once.</summary>
    public void ResetConnections() => _connection.Reset();

    /// <summary>Prefers other endpoints, because a stream to this one broke.</summary>
    public void ReportFailure(EtcdEndpoint endpoint, GrpcException error) => Failed(endpoint, error);

    /// <summary>A pause before the next attempt of something that failed this often.</summary>
    public TimeSpan Pause(int failures) => _connection.Endpoints.Pause(failures);

    /// <summary>A random number that can name an etcd lease.</summary>
    public long NextLeaseId() => _connection.Endpoints.NextLeaseId();

    /// <summary>Closes every connection that nobody else uses. Ends in bounded time.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) == 0) await _connection.ReleaseAsync().ConfigureAwait(false);
    }

    private async Task<TResponse> AskAsync<TRequest, TResponse>(
        GrpcTransport transport, GrpcStream<TRequest, TResponse> stream, TRequest request, CancellationToken cancellationToken)
        where TRequest : class
        where TResponse : class
    {
        TimeSpan limit = transport.Patience(Timeout);
        using var deadline = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await stream.WriteAsync(request, either.Token).ConfigureAwait(false);
            return await stream.ReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw HttpFailure.Map(error, limit);
        }
    }
}
