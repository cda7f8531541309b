using Flannel.Store.Etcd.Client;
using Google.Protobuf;

namespace Flannel.Store.Etcd.Grpc;

/// <summary>One bidirectional call.</summary>
internal sealed class GrpcStream<TRequest, TResponse> : IEtcdStream<TRequest, TResponse>
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    private readonly HttpRequestMessage _message;
    private readonly DuplexContent _content;
    private readonly MessageParser<TResponse> _parser;
    private readonly Action _closed;
    private Action<GrpcStatusCode>? _answered;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Task<HttpResponseMessage> _response;
    private GrpcFrameReader? _reader;
    private Stream? _body;
    private int _disposed;

    /// <param name="invoker">What sends the request.</param>
    /// <param name="message">The request; the stream disposes it.</param>
    /// <param name="content">The request's body.</param>
    /// <param name="parser">What decodes the answers.</param>
    /// <param name="answered">Called once, with the outcome of the first answer.</param>
    /// <param name="closed">Called once, when the stream is closed.</param>
    public GrpcStream(
        HttpMessageInvoker invoker,
        HttpRequestMessage message,
        DuplexContent content,
        MessageParser<TResponse> parser,
        Action<GrpcStatusCode> answered,
        Action closed)
    {
        _message = message;
        _content = content;
        _parser = parser;
        _answered = answered;
        _closed = closed;
        // It ends when the server sends its headers, which etcd does with its first message: after ours, so it is not awaited here.
        _response = invoker.SendAsync(message, _stop.Token);
    }

    /// <inheritdoc />
    public async Task WriteAsync(TRequest request, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAny(_content.Opened, _response).WaitAsync(cancellationToken).ConfigureAwait(false);
            if (!_content.Opened.IsCompleted)
                GrpcStatus.ThrowIfRefused(await _response.ConfigureAwait(false));
            Stream stream = await _content.Opened.WaitAsync(cancellationToken).ConfigureAwait(false);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, cancellationToken);
            await _writing.WaitAsync(either.Token).ConfigureAwait(false);
            try
            {
                await stream.WriteAsync(GrpcFrame.Encode(request), either.Token).ConfigureAwait(false);
                await stream.FlushAsync(either.Token).ConfigureAwait(false);
            }
            finally
            {
                _writing.Release();
            }
        }
        catch (Exception error) when (HttpFailure.IsOne(error, cancellationToken))
        {
            throw HttpFailure.Map(error, timeout: null);
        }
    }

    /// <inheritdoc />
    public async Task<TResponse> ReadAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, cancellationToken);
        try
        {
            HttpResponseMessage response = await _response.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (_reader is null)
            {
                GrpcStatus.ThrowIfRefused(response);
                _body = await response.Content.ReadAsStreamAsync(either.Token).ConfigureAwait(false);
                _reader = new GrpcFrameReader(_body, GrpcFrameReader.DefaultMaxLength);
            }

            if (await _reader.ReadAsync(_parser, either.Token).ConfigureAwait(false) is { } answer)
            {
                TellFirst(GrpcStatusCode.OK);
                return answer;
            }

            GrpcStatus.ThrowIfFailed(response.TrailingHeaders);
            throw new GrpcException(GrpcStatusCode.Unavailable, "it ended the stream");
        }
        catch (GrpcException error)
        {
            TellFirst(error.Code);
            throw;
        }
        catch (Exception error) when (HttpFailure.IsOne(error, cancellationToken))
        {
            GrpcException failure = HttpFailure.Map(error, timeout: null);
            TellFirst(failure.Code);
            throw failure;
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;

        TellFirst(GrpcStatusCode.Canceled);
        // etcd pays no attention to the end of the requests; only a reset ends a watch.
        await _stop.CancelAsync().ConfigureAwait(false);
        _content.Complete();
        await ((Task)_response).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_body is not null)
            await _body.DisposeAsync().ConfigureAwait(false);
        if (_response.IsCompletedSuccessfully)
            (await _response.ConfigureAwait(false)).Dispose();
        _message.Dispose();
        _closed();
    }

    private void TellFirst(GrpcStatusCode status) => Interlocked.Exchange(ref _answered, null)?.Invoke(status);
}
