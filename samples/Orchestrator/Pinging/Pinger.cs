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

    private readonly Socket _socket;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _receiving;
    private readonly ConcurrentDictionary<ushort, TaskCompletionSource<long>> _waiting = new();
    private int _sequence;

    /// <param name="machine">Where to ping from.</param>
    /// <param name="address">The machine's address to ping from.</param>
    public Pinger(Machine machine, IPAddress address)
    {
        _socket = machine.Run(() => new Socket(
            address.AddressFamily, SocketType.Raw, address.AddressFamily == AddressFamily.InterNetwork ? ProtocolType.Icmp : ProtocolType.IcmpV6));
        _socket.Bind(new IPEndPoint(address, 0));
        _receiving = ReceiveAsync();
    }

    /// <returns>The round-trip time, or <see langword="null"/> without an answer in time.</returns>
    public async Task<TimeSpan?> PingAsync(IPAddress target, CancellationToken cancellationToken)
    {
        var request = new byte[IcmpEcho.RequestSize];
        ushort sequence = (ushort)Interlocked.Increment(ref _sequence);
        IcmpEcho.WriteRequest(request, _socket.AddressFamily, sequence);
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
        try
        {
            while (true)
            {
                int length = await _socket.ReceiveAsync(buffer, _stop.Token);
                long now = Stopwatch.GetTimestamp();
                if (IcmpEcho.TryReadReply(buffer.AsSpan(0, length), _socket.AddressFamily, out ushort sequence)
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
