using Grpc.Core;

namespace Flannel.Store.Etcd.Transport;

/// <summary>
/// One bidirectional call. Reading is for one caller at a time; writing is safe for any number. What it awaits of gRPC runs on its own, so that no
/// caller depends on its end.
/// </summary>
/// <typeparam name="TRequest">What is written.</typeparam>
/// <typeparam name="TResponse">What is read.</typeparam>
internal sealed class GrpcStream<TRequest, TResponse> : IAsyncDisposable
    where TRequest : class
    where TResponse : class
{
    private readonly Func<Exception, GrpcException> _map;
    private readonly Func<Task, Task> _end;
    private readonly Func<Task?> _lost;
    private readonly CancellationToken _closed;
    private readonly CancellationTokenSource _abort = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Task<AsyncDuplexStreamingCall<TRequest, TResponse>> _opening;
    private Action<StatusCode, GrpcException?>? _answered;
    private Task? _connectionLost;
    private volatile Task _reading = Task.CompletedTask;
    private int _disposed;

    /// <param name="open">Opens the call; the token resets it.</param>
    /// <param name="map">What a failure means.</param>
    /// <param name="answered">Called once, with the outcome of the first answer, and the failure if it is one.</param>
    /// <param name="end">Waits, for a bounded time, until the call has ended.</param>
    /// <param name="lost">Ends some time after the connection that is in use now.</param>
    /// <param name="closed">The transport is closed.</param>
    public GrpcStream(
        Func<CancellationToken, AsyncDuplexStreamingCall<TRequest, TResponse>> open,
        Func<Exception, GrpcException> map,
        Action<StatusCode, GrpcException?> answered,
        Func<Task, Task> end,
        Func<Task?> lost,
        CancellationToken closed)
    {
        _map = map;
        _answered = answered;
        _end = end;
        _lost = lost;
        _closed = closed;
        _opening = OpenAsync(open);
    }

    /// <summary>Sends a request; it is on its way when this ends.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellationToken">Ends the wait; the stream is of no use afterwards.</param>
    public async Task WriteAsync(TRequest request, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_closed, cancellationToken);
        try
        {
            await _writing.WaitAsync(either.Token).ConfigureAwait(false);
            await SendAsync(request).WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (HttpFailure.IsOne(error, cancellationToken))
        {
            throw _map(error);
        }
    }

    /// <summary>The next answer. The end of the stream, however friendly, is a <see cref="GrpcException"/>.</summary>
    /// <param name="cancellationToken">Ends the wait; the stream is of no use afterwards.</param>
    public async Task<TResponse> ReadAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_closed, cancellationToken);
        try
        {
            Task<TResponse> reading = ReceiveAsync();
            _reading = reading;
            // A read that goes on after its connection has ended never ends: the lock it needs is lost.
            if (_connectionLost is { } lost && await Task.WhenAny(reading, lost).WaitAsync(either.Token).ConfigureAwait(false) == lost
                && !reading.IsCompleted)
            {
                throw new GrpcException(StatusCode.Unavailable, "the connection ended and the stream did not");
            }

            TResponse answer = await reading.WaitAsync(either.Token).ConfigureAwait(false);
            TellFirst(StatusCode.OK);
            _connectionLost ??= _lost();
            return answer;
        }
        catch (Exception error) when (!(error is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            GrpcException failure = error as GrpcException ?? _map(error);
            TellFirst(failure.Code, failure);
            throw failure;
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;

        TellFirst(StatusCode.Cancelled);
        await _end(ResetAsync()).ConfigureAwait(false);
    }

    private async Task<AsyncDuplexStreamingCall<TRequest, TResponse>> OpenAsync(
        Func<CancellationToken, AsyncDuplexStreamingCall<TRequest, TResponse>> open)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        return open(_abort.Token);
    }

    private async Task SendAsync(TRequest request)
    {
        try
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            AsyncDuplexStreamingCall<TRequest, TResponse> call = await _opening.ConfigureAwait(false);
            await call.RequestStream.WriteAsync(request).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task<TResponse> ReceiveAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        AsyncDuplexStreamingCall<TRequest, TResponse> call = await _opening.ConfigureAwait(false);
        return await call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false)
            ? call.ResponseStream.Current
            : throw new GrpcException(StatusCode.Unavailable, "it ended the stream");
    }

    private async Task ResetAsync()
    {
        // etcd pays no attention to the end of the requests; only a reset ends a watch.
        await _abort.CancelAsync().ConfigureAwait(false);
        await ((Task)_opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        if (_opening.IsCompletedSuccessfully)
            (await _opening.ConfigureAwait(false)).Dispose();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void TellFirst(StatusCode status, GrpcException? failure = null) => Interlocked.Exchange(ref _answered, null)?.Invoke(status, failure);
}
