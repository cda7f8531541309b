using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Flanneld.Health;

/// <summary>
/// Answers health checks: HTTP/1.1, one request per connection. Every size, number and time is bounded, because anybody may connect: whoever comes
/// when all connections are in use takes the place of the oldest that is not being answered, so a probe is answered whatever others leave open. A web
/// framework would be most of this program and of the time it takes to start.
/// </summary>
internal sealed partial class HealthServer : IAsyncDisposable
{
    private const int MaxConnections = 64;
    private static readonly TimeSpan RequestLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AcceptReminder = TimeSpan.FromMinutes(1);

    private readonly TcpListener _listener;
    private readonly Func<string, HttpAnswer?> _get;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _accepting = new();
    private readonly CancellationTokenSource _answering = new();
    private readonly List<Connection> _connections = []; // the oldest first; under its own lock
    private readonly Task _run;

    private HealthServer(TcpListener listener, Func<string, HttpAnswer?> get, TimeProvider time, ILogger logger)
    {
        _listener = listener;
        _get = get;
        _time = time;
        _logger = logger;
        _run = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Endpoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Listens from here on.</summary>
    /// <param name="endpoint">Where. Any address, of either family, means those of both, as in Go.</param>
    /// <param name="get">Answers a path, or says that there is no such thing.</param>
    /// <param name="time">The clock of the limits.</param>
    /// <param name="logger">Where to log.</param>
    /// <exception cref="SocketException">The address is not this host's, or the port is taken.</exception>
    public static HealthServer Start(IPEndPoint endpoint, Func<string, HttpAnswer?> get, TimeProvider time, ILogger logger)
    {
        bool isAny = endpoint.Address.Equals(IPAddress.Any) || endpoint.Address.Equals(IPAddress.IPv6Any);
        bool isDual = isAny && Socket.OSSupportsIPv6;
        var listener = new TcpListener(isDual ? IPAddress.IPv6Any : isAny ? IPAddress.Any : endpoint.Address, endpoint.Port);
        try
        {
            if (isDual) listener.Server.DualMode = true;
            listener.Start(MaxConnections);
            return new HealthServer(listener, get, time, logger);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Stops listening, and gives what is being answered 3 seconds to end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _accepting.CancelAsync();
        await _run;
        _listener.Dispose();
        Connection[] connections;
        lock (_connections) connections = [.. _connections];
        _answering.CancelAfter(StopLimit);
        await Task.WhenAll(connections.Select(static connection => connection.Ended));
        _accepting.Dispose();
        _answering.Dispose();
    }

    private async Task AcceptAsync()
    {
        long? toldAt = null;
        while (!_accepting.IsCancellationRequested)
        {
            try
            {
                Begin(await _listener.AcceptSocketAsync(_accepting.Token));
            }
            catch (OperationCanceledException) when (_accepting.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException exception)
            {
                // Out of descriptors, or a client that is gone already. The next one may be luckier, but not at once.
                if (toldAt is not { } before || _time.GetElapsedTime(before) >= AcceptReminder)
                {
                    Log.AcceptFailed(_logger, exception.Message);
                    toldAt = _time.GetTimestamp();
                }

                await Task.Delay(AcceptPause, _time, _accepting.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Begin(Socket socket)
    {
        var connection = new Connection(socket, _time, _answering.Token);
        lock (_connections)
        {
            List<Connection> open = _connections.FindAll(static open => !open.Limit.IsCancellationRequested);
            if (open.Count >= MaxConnections) (open.Find(static other => !other.IsAnswering) ?? open[0]).End();
            _connections.Add(connection);
        }

        connection.Ended = AnswerAsync(connection);
    }

    private async Task AnswerAsync(Connection connection)
    {
        await Task.Yield(); // the next one is accepted meanwhile
        try
        {
            connection.EndIn(RequestLimit);
            HttpRequest request = await HttpRequest.ReadAsync(connection.Stream, connection.Limit);
            SetAnswering(connection, true);
            connection.EndIn(AnswerLimit);
            await connection.Stream.WriteAsync(Answer(request).ToBytes(withBody: request.Method != "HEAD"), connection.Limit);

            // Closing on unread bytes would reset the connection, and the client might lose the answer.
            connection.Socket.Shutdown(SocketShutdown.Send);
            SetAnswering(connection, false);
            connection.EndIn(RequestLimit);
            await HttpRequest.DrainAsync(connection.Stream, connection.Limit);
        }
        catch (Exception exception)
        {
            // Whatever a client does to its connection is its own affair.
            Log.AnswerFailed(_logger, exception.Message);
        }
        finally
        {
            lock (_connections) _connections.Remove(connection); // from here on nobody else ends it
            connection.Dispose();
        }
    }

    private void SetAnswering(Connection connection, bool isAnswering)
    {
        lock (_connections) connection.IsAnswering = isAnswering;
    }

    private HttpAnswer Answer(HttpRequest request)
    {
        if (request.Problem is { } problem) return problem;
        if (request.Method is not ("GET" or "HEAD")) return new HttpAnswer(405, "only GET and HEAD are allowed\n");
        return _get(request.Path) ?? new HttpAnswer(404, "there are /healthz, /readyz and /metrics\n");
    }
}
