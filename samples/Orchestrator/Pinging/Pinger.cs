using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Orchestrator.Machines;

namespace Orchestrator.Pinging;

/// <summary>Pings from inside a container: the socket is opened there, and for life belongs there, while this process stays outside.</summary>
internal sealed class Pinger : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly AddressFamily _family;
    private readonly Socket _socket;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _receiving;
    private readonly ConcurrentDictionary<ushort, TaskCompletionSource<long>> _waiting = new();
    private int _sequence;

    public Pinger(Machine machine, AddressFamily family)
    {
        _family = family;
        _socket = machine.Run(() => new Socket(family, SocketType.Raw, family == AddressFamily.InterNetwork ? ProtocolType.Icmp : ProtocolType.IcmpV6));
        _receiving = ReceiveAsync();
    }

    /// <returns>The round-trip time, or <see langword="null"/> without an answer in time.</returns>
    public async Task<TimeSpan?> PingAsync(IPAddress target, CancellationToken cancellationToken)
    {
        var request = new byte[IcmpEcho.RequestSize];
        ushort sequence = (ushort)Interlocked.Increment(ref _sequence);
        IcmpEcho.WriteRequest(request, _family, sequence);
        var answered = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[sequence] = answered;

        long sent = Stopwatch.GetTimestamp();
        try
        {
            _socket.SendTo(request, new IPEndPoint(target, 0));
            return Stopwatch.GetElapsedTime(sent, await answered.Task.WaitAsync(Timeout, cancellationToken));
        }
        catch (Exception exception) when (exception is TimeoutException or SocketException)
        {
            return null; // a socket refuses to send where there is no route
        }
        finally
        {
            _waiting.TryRemove(sequence, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _receiving;
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[2048];
        var anybody = new IPEndPoint(_family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        try
        {
            while (true)
            {
                SocketReceiveFromResult received = await _socket.ReceiveFromAsync(buffer, anybody, _stop.Token);
                long now = Stopwatch.GetTimestamp();
                if (IcmpEcho.TryReadReply(buffer.AsSpan(0, received.ReceivedBytes), _family, out ushort sequence)
                    && _waiting.TryGetValue(sequence, out TaskCompletionSource<long>? answered))
                {
                    answered.TrySetResult(now);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}
