using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Flannel.Extensibility;

namespace Flannel.Lab.Pinging;

/// <summary>
/// Pings one address from inside a namespace, in this process: a raw socket opened there, sends on a timer, answers matched by sequence number.
/// </summary>
public sealed class Pinger : IAsyncDisposable
{
    private const int IPPROTO_IP = 0;
    private const int IPPROTO_IPV6 = 41;
    private const int IP_MTU_DISCOVER = 10;
    private const int IPV6_MTU_DISCOVER = 23;
    private const int IPV6_DONTFRAG = 62;
    private const int PMTUDISC_DONT = 0;
    private const int PMTUDISC_PROBE = 3; // sets DF but, unlike DO, does not answer for routers out of a cache: each packet meets the real path

    private static int _identifiers = Environment.ProcessId;

    private readonly ushort _identifier = (ushort)Interlocked.Increment(ref _identifiers);
    private readonly Socket _socket;
    private readonly IPEndPoint _target;
    private readonly PingOptions _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _receiving;
    private readonly Lock _lock = new();
    private readonly Dictionary<ushort, long> _waiting = [];
    private readonly List<TimeSpan> _roundTrips = [];
    private readonly List<IcmpError> _errors = [];
    private readonly List<TimeSpan> _answers = []; // when, since the start
    private readonly long _opened = Stopwatch.GetTimestamp();
    private TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _sent;

    private Pinger(Socket socket, IPAddress target, PingOptions options)
    {
        _socket = socket;
        _target = new IPEndPoint(target, 0);
        _options = options;
        _receiving = Task.Run(ReceiveAsync);
    }

    /// <summary>Opens a pinger; nothing is sent yet.</summary>
    /// <param name="from">Where to ping from.</param>
    /// <param name="to">Whom to ping.</param>
    /// <param name="options">How.</param>
    public static Pinger Open(NetworkNamespace from, IPAddress to, PingOptions options) =>
        new(from.Run(() => OpenSocket(to.AddressFamily, options.DontFragment)), to, options);

    /// <summary>Sends all requests of the options, waits for the answers and returns what became of them.</summary>
    /// <param name="from">Where to ping from.</param>
    /// <param name="to">Whom to ping.</param>
    /// <param name="options">How; by default one small packet.</param>
    public static async Task<PingReport> PingAsync(NetworkNamespace from, IPAddress to, PingOptions? options = null)
    {
        options ??= new PingOptions();
        await using Pinger pinger = Open(from, to, options);
        await pinger.SendAsync(options.Count, CancellationToken.None);
        return await pinger.FinishAsync();
    }

    /// <summary>Sends requests at the interval of the options.</summary>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Stops early, without an exception.</param>
    public async Task SendAsync(int count, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.Interval);
        try
        {
            for (int i = 0; i < count; i++)
            {
                if (i > 0)
                    await timer.WaitForNextTickAsync(cancellationToken);
                await SendOneAsync();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>Waits until every request sent so far is answered or refused, at most for the timeout of the options, and reports.</summary>
    public async Task<PingReport> FinishAsync()
    {
        Task settled;
        lock (_lock)
        {
            if (_waiting.Count == 0)
                _settled.TrySetResult();
            settled = _settled.Task;
        }

        if (await Task.WhenAny(settled, _receiving, Task.Delay(_options.Timeout)) == _receiving)
            await _receiving; // it ends early only by failing
        return Report();
    }

    /// <summary>What became of the requests so far.</summary>
    public PingReport Report()
    {
        lock (_lock)
            return new PingReport { Sent = _sent, RoundTrips = [.. _roundTrips], Errors = [.. _errors], LongestSilence = LongestSilence() };
    }

    private TimeSpan LongestSilence() =>
        _answers.Zip(_answers.Skip(1), static (answer, next) => next - answer).DefaultIfEmpty().Max();

    /// <summary>Closes the socket and ends the receiver.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _receiving;
        _socket.Dispose();
        _stop.Dispose();
    }

    private static Socket OpenSocket(AddressFamily family, bool dontFragment)
    {
        bool isIPv4 = family == AddressFamily.InterNetwork;
        var socket = new Socket(family, SocketType.Raw, isIPv4 ? ProtocolType.Icmp : ProtocolType.IcmpV6);
        int discovery = dontFragment ? PMTUDISC_PROBE : PMTUDISC_DONT;
        socket.SetRawSocketOption(isIPv4 ? IPPROTO_IP : IPPROTO_IPV6, isIPv4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, BitConverter.GetBytes(discovery));
        if (!isIPv4 && dontFragment)
            socket.SetRawSocketOption(IPPROTO_IPV6, IPV6_DONTFRAG, BitConverter.GetBytes(1));
        socket.Bind(Anybody(family));
        return socket;
    }

    private static IPEndPoint Anybody(AddressFamily family) => new(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);

    private async Task SendOneAsync()
    {
        var message = new byte[Math.Max(IcmpMessage.HeaderSize, _options.PacketSize - IcmpMessage.IpHeaderSize(_target.AddressFamily))];
        ushort sequence;
        lock (_lock)
        {
            sequence = (ushort)++_sent;
            if (_settled.Task.IsCompleted)
                _settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting[sequence] = Stopwatch.GetTimestamp();
        }

        IcmpMessage.WriteEchoRequest(message, _target.AddressFamily, _identifier, sequence);
        try
        {
            await _socket.SendToAsync(message, _target);
        }
        catch (SocketException exception)
        {
            Settle(sequence, new IcmpError(
                IPAddress.Any, exception.SocketErrorCode == SocketError.MessageSize ? IcmpErrorKind.TooBigForDevice : IcmpErrorKind.NotSent, 0));
        }
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[ushort.MaxValue + 1];
        IPEndPoint anybody = Anybody(_target.AddressFamily);
        try
        {
            while (true)
            {
                SocketReceiveFromResult received = await _socket.ReceiveFromAsync(buffer, anybody, _stop.Token);
                long now = Stopwatch.GetTimestamp();
                IcmpMessage? read = IcmpMessage.Read(buffer.AsSpan(0, received.ReceivedBytes), _target.AddressFamily);
                if (read is { } message && message.Identifier == _identifier)
                {
                    var from = ((IPEndPoint)received.RemoteEndPoint).Address;
                    Settle(message.Sequence, message.Error is { } kind ? new IcmpError(from, kind, message.Mtu) : null, now);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private void Settle(ushort sequence, IcmpError? error, long now = 0)
    {
        lock (_lock)
        {
            if (!_waiting.Remove(sequence, out long sent))
                return; // a duplicate
            if (error is null)
            {
                _roundTrips.Add(Stopwatch.GetElapsedTime(sent, now));
                _answers.Add(Stopwatch.GetElapsedTime(_opened, now));
            }
            else
            {
                _errors.Add(error);
            }

            if (_waiting.Count == 0)
                _settled.TrySetResult();
        }
    }
}
