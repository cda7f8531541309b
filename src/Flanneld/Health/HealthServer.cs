using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Flanneld.Health;

/// <summary>
/// Answers health checks: HTTP/1.1, one request per connection. Every size, number and time is bounded, because anybody may connect.
/// A web framework would be most of this program and of the time it takes to start.
/// </summary>
internal sealed partial class HealthServer : IAsyncDisposable
{
    private const int MaxConnections = 64;
    private static readonly TimeSpan RequestLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly TcpListener _listener;
    private readonly Func<string, HttpAnswer?> _get;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _accepting = new();
    private readonly CancellationTokenSource _answering = new();
    private readonly SemaphoreSlim _free = new(MaxConnections, MaxConnections);
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
        _answering.CancelAfter(StopLimit);
        for (int i = 0; i < MaxConnections; i++) await _free.WaitAsync();
        _free.Dispose();
        _accepting.Dispose();
        _answering.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_accepting.IsCancellationRequested)
        {
            try
            {
                // Whoever comes when all are busy waits in the kernel's queue.
                await _free.WaitAsync(_accepting.Token);
                Socket socket;
                try
                {
                    socket = await _listener.AcceptSocketAsync(_accepting.Token);
                }
                catch
                {
                    _free.Release();
                    throw;
                }

                _ = AnswerAsync(socket); // awaited by way of _free
            }
            catch (OperationCanceledException) when (_accepting.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException exception)
            {
                // Out of descriptors, or a client that is gone already. The next one may be luckier, but not at once.
                LogAcceptFailed(_logger, exception.Message);
                await Task.Delay(AcceptPause, _time, _accepting.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        try
        {
            using var stream = new NetworkStream(socket, ownsSocket: true);
            using var limit = new CancellationTokenSource(RequestLimit, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _answering.Token);
            HttpRequest request = await HttpRequest.ReadAsync(stream, either.Token);
            await stream.WriteAsync(Answer(request).ToBytes(withBody: request.Method != "HEAD"), either.Token);

            // Closing on unread bytes would reset the connection, and the client might lose the answer.
            socket.Shutdown(SocketShutdown.Send);
            await HttpRequest.DrainAsync(stream, either.Token);
        }
        catch (Exception exception)
        {
            // Whatever a client does to its connection is its own affair.
            LogAnswerFailed(_logger, exception.Message);
        }
        finally
        {
            _free.Release();
        }
    }

    private HttpAnswer Answer(HttpRequest request)
    {
        if (request.Problem is { } problem) return problem;
        if (request.Method is not ("GET" or "HEAD")) return new HttpAnswer(405, "only GET and HEAD are allowed\n");
        return _get(request.Path) ?? new HttpAnswer(404, "there are /healthz, /readyz and /metrics\n");
    }
}
