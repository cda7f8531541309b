namespace Flannel.Store.Etcd.Transport;

/// <content>
/// How calls, streams and the connection end. In the HTTP/2 stack a lock may be lost for ever; whoever then reads, cancels or closes never comes
/// back. So all of that happens on threads that are waited for no longer than <see cref="CloseLimit"/>. What has not ended by then is abandoned: its
/// connection is cut and not used again.
/// </content>
internal sealed partial class GrpcTransport
{
    private readonly CancellationTokenSource _closed = new();
    private readonly Lock _closing = new();

    // The newest connection's. There is one at a time.
    private volatile ObservedStream? _connection;
    private volatile Task? _connectionLost;

    // Guarded by _closing.
    private Task? _closingTask;
    private bool _isAbandoned;

    // Calls and streams under way, and one for the owner until it retires the transport.
    private int _users = 1;
    private int _retired;

    /// <summary>Whether calls can be made: it is not closed, and nothing of it had to be abandoned.</summary>
    public bool IsUsable => !IsClosed;

    private bool IsClosed => _closed.IsCancellationRequested;

    /// <summary>Closes the transport as soon as the calls and streams under way have ended.</summary>
    public void Retire()
    {
        if (Interlocked.Exchange(ref _retired, 1) == 0)
            Exit();
    }

    /// <summary>Closes the connection with all that goes through it.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await CloseAsync().WaitAsync(CloseLimit, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Abandon();
        }
    }

    /// <summary>Waits until a call or stream that was told to end has done so, or abandons it.</summary>
    private async Task EndAsync(Task ended)
    {
        try
        {
            await ended.WaitAsync(CloseLimit, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Abandon();
        }

        Exit();
    }

    /// <summary>Ends when a connection has ended and what went through it has had time to notice.</summary>
    private async Task LostAsync(ObservedStream connection)
    {
        await connection.Ended.ConfigureAwait(false);
        if (_connection == connection)
            _hasConnectionAnswered = false;
        await Task.Delay(CloseLimit, _time, CancellationToken.None).ConfigureAwait(false);
    }

    private void Abandon()
    {
        lock (_closing)
        {
            if (_isAbandoned)
                return;
            _isAbandoned = true;
        }

        _metrics.ConnectionAbandoned(_endpoint);
        Log.Abandoned(_logger, _endpoint.GetLeftPart(UriPartial.Authority), CloseLimit.TotalSeconds);
        _ = CloseAsync();
        // What hangs may hold the connection open; the socket itself is in nobody's hands but ours.
        _connection?.Socket.Dispose();
    }

    private Task CloseAsync()
    {
        lock (_closing)
            return _closingTask ??= Task.WhenAll(_closed.CancelAsync(), Task.Run(_channel.Dispose));
    }

    private void Enter() => Interlocked.Increment(ref _users);

    private void Exit()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            _ = DisposeAsync().AsTask();
    }
}
