using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using dotnet_etcd.interfaces;
using Flannel.Extensibility;
using Flannel.Store.Etcd.Client;
using Flannel.Store.Etcd.Diagnostics;
using Flannel.Store.Etcd.Security;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Etcd.Transport;

/// <summary>
/// dotnet-etcd's stubs over one HTTP/2 connection of <see cref="SocketsHttpHandler"/> to one endpoint. Whatever enters gRPC or the handler runs on a
/// thread of the pool that nobody waits for without bound. A lock that is lost in there must not take a caller with it. Failures of a call are
/// <see cref="GrpcException"/>. Every call ends when it is cancelled or its time is up, and closing ends within <see cref="CloseLimit"/>, whatever
/// the connection does.
/// </summary>
internal sealed partial class GrpcTransport : IAsyncDisposable
{
    /// <summary>How long closing may take before what is being closed is abandoned together with its connection.</summary>
    public static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a connection may be silent before it is pinged. etcd closes connections that ping more often than every 5 s, or that ping without a
    /// stream.
    /// </summary>
    public static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(6);

    /// <summary>How long a ping may stay unanswered. With <see cref="PingDelay"/> it finds a frozen server in 9 to 11 s.</summary>
    public static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);

    // Read-only by use: calls without a token share it.
    private static readonly Metadata Anonymous = Headers(token: null);

    private readonly Uri _endpoint;
    private readonly TimeSpan _firstAnswer;
    private readonly AnswerHistory _answers;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly EtcdMetrics _metrics;
    private readonly GrpcChannel _channel;
    private readonly IConnection _etcd;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;

    private volatile bool _isResolving;
    private volatile IPAddress[]? _connecting;
    private volatile bool _hasConnectionAnswered;

    /// <param name="endpoint">Scheme, host and port of the server.</param>
    /// <param name="identity">Whom to trust and who to be, for <c>https</c>; <see langword="null"/> trusts what the system trusts.</param>
    /// <param name="firstAnswer">
    /// How long the first call on a connection may take whatever its own deadline: an address that has never answered is probably the wrong one, and
    /// whoever set it waits to hear so. It doubles with every call that got no answer, for servers that are just slow.
    /// </param>
    /// <param name="answers">What the address has answered so far, on this transport and those before it.</param>
    /// <param name="time">The clock that deadlines run on.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="metrics">Where to count connections that cannot be closed.</param>
    /// <param name="options">What the application and tests change.</param>
    public GrpcTransport(
        Uri endpoint,
        TlsIdentity? identity,
        TimeSpan firstAnswer,
        AnswerHistory answers,
        TimeProvider time,
        ILogger logger,
        EtcdMetrics metrics,
        GrpcTransportOptions options)
    {
        _endpoint = endpoint;
        _firstAnswer = firstAnswer;
        _answers = answers;
        _time = time;
        _logger = logger;
        _metrics = metrics;
        _resolve = options.Resolve;
        var handler = new SocketsHttpHandler
        {
            AutomaticDecompression = DecompressionMethods.None,
            // Without it, gRPC connects by itself and puts its own pauses between attempts: a server that is back would stay unused for a second.
            ConnectCallback = ConnectAsync,
            ConnectTimeout = ConnectTimeout,
            EnableMultipleHttp2Connections = false,
            KeepAlivePingDelay = PingDelay,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            KeepAlivePingTimeout = PingTimeout,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
            UseCookies = false,
            UseProxy = false,
        };
        // Without https nothing of it is needed, and it would load OpenSSL.
        HttpMessageHandler sender = identity is not null && endpoint.Scheme == Uri.UriSchemeHttps ? identity.ApplyTo(handler) : handler;
        options.Configure?.Invoke(handler);
        // No service configuration, so nothing is ever sent twice here: only the client knows whether that is harmless. No compression, which would
        // let a short message become one of any length.
        _channel = GrpcChannel.ForAddress(endpoint, new GrpcChannelOptions
        {
            CompressionProviders = [],
            DisposeHttpClient = true,
            HttpHandler = options.Wrap(sender),
            MaxReceiveMessageSize = options.MaxMessageLength,
        });
        _etcd = new dotnet_etcd.EtcdClient(_channel.CreateCallInvoker()).GetConnection();
    }

    /// <summary>How long to wait for the next answer: less than usual on a connection that has not given any.</summary>
    /// <param name="timeout">How long an answer may usually take.</param>
    public TimeSpan Patience(TimeSpan timeout)
    {
        if (_hasConnectionAnswered)
            return timeout;
        TimeSpan patience = _firstAnswer * Math.Pow(2, Math.Min(_answers.Unanswered, 16));
        return patience < timeout ? patience : timeout;
    }

    /// <summary>One request, one answer.</summary>
    /// <param name="method">What to call.</param>
    /// <param name="request">The request.</param>
    /// <param name="token">The token that proves who is calling, if one is needed.</param>
    /// <param name="timeout">How long the call may take.</param>
    /// <param name="metrics">Where to count it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, string? token, TimeSpan timeout, EtcdMetrics metrics,
        CancellationToken cancellationToken)
        where TRequest : class
        where TResponse : class
    {
        TimeSpan limit = Patience(timeout);
        using var deadline = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _closed.Token, cancellationToken);
        var abort = new CancellationTokenSource();
        long started = _time.GetTimestamp();
        var status = StatusCode.Cancelled;
        bool hasBegun = false;
        GrpcException? failure = null;
        Activity? activity = metrics.Begin(method.Name, _endpoint);
        Enter();
        Task<AsyncUnaryCall<TResponse>> starting = StartAsync(method, request, token, timeout, abort.Token);
        try
        {
            AsyncUnaryCall<TResponse> call = await starting.WaitAsync(either.Token).ConfigureAwait(false);
            await call.ResponseHeadersAsync.WaitAsync(either.Token).ConfigureAwait(false);
            if (limit < timeout)
                deadline.CancelAfter(limit = timeout);
            hasBegun = true;
            Answered();
            TResponse answer = await call.ResponseAsync.WaitAsync(either.Token).ConfigureAwait(false);
            status = StatusCode.OK;
            return answer;
        }
        catch (Exception error) when (HttpFailure.IsOne(error, cancellationToken))
        {
            bool isLate = deadline.IsCancellationRequested || error is RpcException { StatusCode: StatusCode.DeadlineExceeded, Status.Detail: "" };
            failure = !isLate ? Failure(error)
                : _isResolving ? HttpFailure.NotResolved(error)
                : hasBegun && IsReceiving(limit) ? HttpFailure.Incomplete(error, limit)
                : !hasBegun && _connecting is { } addresses ? HttpFailure.NotConnected(error, limit, addresses)
                : RpcFailure.Map(error, limit);
            status = failure.Code;
            throw failure.NeverSent || IsClosed ? failure : Doubt(failure);
        }
        finally
        {
            Record(metrics, method.Name, status, started);
            EtcdMetrics.End(activity, status, failure);
            _ = EndAsync(status == StatusCode.OK ? Task.CompletedTask : AbortAsync(starting, abort));
        }
    }

    /// <summary>Any number of requests and answers. It is opened in the background; failures show when it is written or read.</summary>
    /// <param name="method">What to call.</param>
    /// <param name="token">The token that proves who is calling, if one is needed.</param>
    /// <param name="metrics">Where to count it.</param>
    public GrpcStream<TRequest, TResponse> Open<TRequest, TResponse>(
        EtcdStreamMethod<TRequest, TResponse> method, string? token, EtcdMetrics metrics)
        where TRequest : class
        where TResponse : class
    {
        long started = _time.GetTimestamp();
        Metadata headers = Headers(token);
        // Else a member that is cut off from the others keeps the stream open and silent.
        headers.Add("hasleader", "true");
        Activity? outer = Activity.Current;
        Activity? activity = metrics.Begin(method.Name, _endpoint);
        Enter();
        var stream = new GrpcStream<TRequest, TResponse>(
            abort => method.Open(_etcd, new CallOptions(headers, cancellationToken: abort)),
            Failure,
            (status, failure) =>
            {
                if (status == StatusCode.OK)
                    Answered();
                else if (!_hasConnectionAnswered)
                    _answers.Missed();
                Record(metrics, method.Name, status, started);
                EtcdMetrics.End(activity, status, failure);
            },
            EndAsync,
            () => _connectionLost,
            _closed.Token);
        // It ends with the first answer, and nothing of the caller's is a part of it.
        if (activity is not null)
            Activity.Current = outer;
        return stream;
    }

    // etcd's own name for it is in the trace of its requests; the version is that of the API it has to know.
    private static Metadata Headers(string? token)
    {
        var headers = new Metadata { { "client-api-version", "3.4" } };
        if (!string.IsNullOrEmpty(token))
            headers.Add("token", token);
        return headers;
    }

    private async Task<AsyncUnaryCall<TResponse>> StartAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, string? token, TimeSpan timeout, CancellationToken abort)
        where TRequest : class
        where TResponse : class
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        // The server's copy of the deadline, on the clock that it has too; ours runs on the injected one.
        DateTime deadline = (TimeProvider.System.GetUtcNow() + timeout).UtcDateTime;
        Metadata headers = string.IsNullOrEmpty(token) ? Anonymous : Headers(token);
        return method.Call(_etcd, request, new CallOptions(headers, deadline, abort));
    }

    private static async Task AbortAsync<TResponse>(Task<AsyncUnaryCall<TResponse>> starting, CancellationTokenSource abort)
    {
        await abort.CancelAsync().ConfigureAwait(false);
        await ((Task)starting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (starting.IsCompletedSuccessfully)
            await ((Task)(await starting.ConfigureAwait(false)).ResponseAsync).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Answered()
    {
        _answers.Answered();
        _hasConnectionAnswered = true;
    }

    private GrpcException Doubt(GrpcException failure)
    {
        if (!_hasConnectionAnswered)
            _answers.Missed();
        if (_answers.HasAnswered)
            return failure;
        string hint = _endpoint.Scheme == Uri.UriSchemeHttp ? ", does it want https" : "";
        return new GrpcException(
            failure.Code, $"{failure.Message} (it never answered so far: is it etcd's client port{hint}, has its cluster a leader?)", failure)
        {
            Kind = failure.Kind,
        };
    }

    private GrpcException Failure(Exception error)
    {
        if (IsClosed && error is OperationCanceledException or RpcException or ObjectDisposedException)
            return new GrpcException(StatusCode.Unavailable, "the connection was closed on this side", error) { IsOwnDoing = true };
        // The connection failed, not the call: the next one may lead to a server that accepts and is silent.
        if (error is RpcException { Status.DebugException: not null })
            _hasConnectionAnswered = false;
        return RpcFailure.Map(error);
    }

    // A server that has stopped in the middle of an answer sends nothing; a slow connection always brings something.
    private bool IsReceiving(TimeSpan limit) => _connection is not { } connection || connection.Silence < limit / 2;

    private void Record(EtcdMetrics metrics, string method, StatusCode status, long started) =>
        metrics.Record(method, _endpoint, status, _time.GetElapsedTime(started));

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        int port = context.DnsEndPoint.Port;
        Socket socket = IPAddress.TryParse(context.DnsEndPoint.Host, out IPAddress? address)
            ? await ConnectRace.ConnectAsync(address, port, prepare: null, cancellationToken).ConfigureAwait(false)
            : await ConnectByNameAsync(context.DnsEndPoint.Host, port, cancellationToken).ConfigureAwait(false);
        var connection = new ObservedStream(socket, _time);
        _connection = connection;
        _connectionLost = LostAsync(connection);
        return connection;
    }

    private async Task<Socket> ConnectByNameAsync(string host, int port, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = await ResolveAsync(host, cancellationToken).ConfigureAwait(false);
        _connecting = addresses;
        try
        {
            return await ConnectRace.ConnectAsync(addresses, port, _time, prepare: null, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _connecting = null;
        }
    }

    // Apart from connecting, so that a name server which does not answer is not taken for an etcd that does not.
    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        _isResolving = true;
        try
        {
            return await _resolve(host, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new SocketException((int)SocketError.TryAgain);
        }
        finally
        {
            _isResolving = false;
        }
    }
}
