using System.Globalization;
using System.Net;
using Flannel.Store.Etcd.Client;
using Flannel.Store.Etcd.Diagnostics;
using Flannel.Store.Etcd.Security;
using Google.Protobuf;

namespace Flannel.Store.Etcd.Grpc;

/// <summary>gRPC to one endpoint over one HTTP/2 connection of <see cref="SocketsHttpHandler"/>.</summary>
internal sealed class GrpcTransport : IEtcdTransport
{
    // etcd closes connections that ping more often than every 5 s, or that ping without a stream. Together they find a frozen server in 12 s.
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);

    private readonly Uri _endpoint;
    private readonly TimeSpan _firstAnswer;
    private readonly TimeProvider _time;
    private readonly EtcdMetrics _metrics;
    private readonly HttpMessageInvoker _invoker;

    private volatile bool _hasAnswered;
    private int _unanswered;

    // Calls and streams under way, and one for the owner until it retires the transport.
    private int _users = 1;
    private int _retired;

    /// <param name="endpoint">Scheme, host and port of the server.</param>
    /// <param name="identity">Whom to trust and who to be, for <c>https</c>; <see langword="null"/> trusts what the system trusts.</param>
    /// <param name="firstAnswer">
    /// How long the first call may take whatever its own deadline: an address that has never answered is probably the wrong one, and whoever set it
    /// waits to hear so. It doubles with every call that got no answer, for servers that are just slow.
    /// </param>
    /// <param name="time">The clock that deadlines run on.</param>
    /// <param name="metrics">Where to count.</param>
    public GrpcTransport(Uri endpoint, TlsIdentity? identity, TimeSpan firstAnswer, TimeProvider time, EtcdMetrics metrics)
    {
        _endpoint = endpoint;
        _firstAnswer = firstAnswer;
        _time = time;
        _metrics = metrics;
        var handler = new SocketsHttpHandler
        {
            AutomaticDecompression = DecompressionMethods.None,
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
        identity?.ApplyTo(handler.SslOptions);
        _invoker = new HttpMessageInvoker(handler, disposeHandler: true);
    }

    /// <inheritdoc />
    public async Task<TResponse> CallAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, string? token, TimeSpan timeout, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        TimeSpan limit = Patience(timeout);
        using var deadline = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        long started = _time.GetTimestamp();
        var status = GrpcStatusCode.Canceled;
        Enter();
        try
        {
            using var content = new ByteArrayContent(GrpcFrame.Encode(request));
            using HttpRequestMessage message = NewMessage(method.Path, token, content);
            // Options bound it, so that it fits gRPC's eight digits.
            message.Headers.TryAddWithoutValidation("grpc-timeout", string.Create(CultureInfo.InvariantCulture, $"{(long)timeout.TotalMilliseconds}m"));
            using HttpResponseMessage response = await _invoker.SendAsync(message, either.Token).ConfigureAwait(false);
            if (limit < timeout)
                deadline.CancelAfter(limit = timeout);
            _hasAnswered = true;
            TResponse answer = await ReadAnswerAsync(response, method.Parser, either.Token).ConfigureAwait(false);
            status = GrpcStatusCode.OK;
            return answer;
        }
        catch (GrpcException error)
        {
            status = error.Code;
            throw;
        }
        catch (Exception error) when (HttpFailure.IsOne(error, cancellationToken))
        {
            GrpcException failure = HttpFailure.Map(error, deadline.IsCancellationRequested ? limit : null);
            status = failure.Code;
            throw _hasAnswered || failure.NeverSent ? failure : Doubt(failure);
        }
        finally
        {
            Record(method.Path, status, started);
            Exit();
        }
    }

    /// <inheritdoc />
    public IEtcdStream<TRequest, TResponse> Open<TRequest, TResponse>(EtcdMethod<TRequest, TResponse> method, string? token)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        Enter();
        long started = _time.GetTimestamp();
        var content = new DuplexContent();
        HttpRequestMessage message = NewMessage(method.Path, token, content);
        // Else a member that is cut off from the others keeps the stream open and silent.
        message.Headers.TryAddWithoutValidation("hasleader", "true");
        return new GrpcStream<TRequest, TResponse>(_invoker, message, content, method.Parser, status => Record(method.Path, status, started), Exit);
    }

    /// <inheritdoc />
    public void Retire()
    {
        if (Interlocked.Exchange(ref _retired, 1) == 0)
            Exit();
    }

    /// <inheritdoc />
    public void Dispose() => _invoker.Dispose();

    private static async Task<TResponse> ReadAnswerAsync<TResponse>(
        HttpResponseMessage response, MessageParser<TResponse> parser, CancellationToken cancellationToken)
        where TResponse : class, IMessage<TResponse>
    {
        GrpcStatus.ThrowIfRefused(response);
        Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            var reader = new GrpcFrameReader(body, GrpcFrameReader.DefaultMaxLength);
            TResponse? answer = await reader.ReadAsync(parser, cancellationToken).ConfigureAwait(false);
            // The trailers are there only when the body has been read to its end.
            if (answer is not null && await reader.ReadAsync(parser, cancellationToken).ConfigureAwait(false) is not null)
                throw new GrpcException(GrpcStatusCode.Internal, "it sent more than one message in answer to a single request");
            GrpcStatus.ThrowIfFailed(response.TrailingHeaders);
            return answer ?? throw new GrpcException(GrpcStatusCode.Internal, "it reported success without an answer");
        }
    }

    private TimeSpan Patience(TimeSpan timeout)
    {
        if (_hasAnswered)
            return timeout;
        TimeSpan patience = _firstAnswer * Math.Pow(2, Math.Min(_unanswered, 16));
        return patience < timeout ? patience : timeout;
    }

    private GrpcException Doubt(GrpcException failure)
    {
        Interlocked.Increment(ref _unanswered);
        string hint = _endpoint.Scheme == Uri.UriSchemeHttp ? ", does it want https" : "";
        return new GrpcException(
            failure.Code, $"{failure.Message} (it never answered so far: is it etcd's client port{hint}, has its cluster a leader?)", failure);
    }

    private void Record(string path, GrpcStatusCode status, long started) => _metrics.Record(path, _endpoint, status, _time.GetElapsedTime(started));

    private HttpRequestMessage NewMessage(string path, string? token, HttpContent content)
    {
        content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        var message = new HttpRequestMessage(HttpMethod.Post, new Uri(_endpoint, path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        message.Headers.TryAddWithoutValidation("te", "trailers");
        message.Headers.TryAddWithoutValidation("grpc-accept-encoding", "identity");
        message.Headers.TryAddWithoutValidation("user-agent", "grpc-dotnet-flannel");
        message.Headers.TryAddWithoutValidation("client-api-version", "3.4");
        if (!string.IsNullOrEmpty(token))
            message.Headers.TryAddWithoutValidation("token", token);
        return message;
    }

    private void Enter() => Interlocked.Increment(ref _users);

    private void Exit()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            Dispose();
    }
}
