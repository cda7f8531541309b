using System.Globalization;
using System.Net;
using Flannel.Store.Etcd.Client;
using Flannel.Store.Etcd.Security;
using Google.Protobuf;

namespace Flannel.Store.Etcd.Grpc;

/// <summary>gRPC to one endpoint over one HTTP/2 connection of <see cref="SocketsHttpHandler"/>.</summary>
internal sealed class GrpcTransport : IEtcdTransport
{
    // etcd closes connections that ping more often than every 5 s, or that ping without a stream. Together they find a frozen server in 12 s.
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(4);

    private readonly Uri _endpoint;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _invoker;

    // Calls and streams under way, and one for the owner until it retires the transport.
    private int _users = 1;
    private int _retired;

    /// <param name="endpoint">Scheme, host and port of the server.</param>
    /// <param name="identity">Whom to trust and who to be, for <c>https</c>; <see langword="null"/> trusts what the system trusts.</param>
    /// <param name="connectTimeout">How long connecting may take, TLS included.</param>
    /// <param name="time">The clock that deadlines run on.</param>
    public GrpcTransport(Uri endpoint, TlsIdentity? identity, TimeSpan connectTimeout, TimeProvider time)
    {
        _endpoint = endpoint;
        _time = time;
        var handler = new SocketsHttpHandler
        {
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = connectTimeout,
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
        using var deadline = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        Enter();
        try
        {
            using var content = new ByteArrayContent(GrpcFrame.Encode(request));
            using HttpRequestMessage message = NewMessage(method.Path, token, content);
            // Options bound it, so that it fits gRPC's eight digits.
            message.Headers.TryAddWithoutValidation("grpc-timeout", string.Create(CultureInfo.InvariantCulture, $"{(long)timeout.TotalMilliseconds}m"));
            using HttpResponseMessage response = await _invoker.SendAsync(message, either.Token).ConfigureAwait(false);
            return await ReadAnswerAsync(response, method.Parser, either.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (HttpFailure.IsOne(error, cancellationToken))
        {
            throw HttpFailure.Map(error, deadline.IsCancellationRequested ? timeout : null);
        }
        finally
        {
            Exit();
        }
    }

    /// <inheritdoc />
    public IEtcdStream<TRequest, TResponse> Open<TRequest, TResponse>(EtcdMethod<TRequest, TResponse> method, string? token)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        Enter();
        var content = new DuplexContent();
        HttpRequestMessage message = NewMessage(method.Path, token, content);
        // Else a member that is cut off from the others keeps the stream open and silent.
        message.Headers.TryAddWithoutValidation("hasleader", "true");
        return new GrpcStream<TRequest, TResponse>(_invoker, message, content, method.Parser, Exit);
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
