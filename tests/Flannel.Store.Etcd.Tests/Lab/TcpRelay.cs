using System.Net;
using System.Net.Sockets;

namespace Flannel.Store.Etcd.Tests.Lab;

/// <summary>A stretch of wire to a server on loopback that can be cut, clogged and narrow.</summary>
internal sealed class TcpRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<Socket> _sockets = [];
    private readonly Task _accepting;
    private volatile bool _isCut;
    private volatile bool _isClogged;
    private volatile int _connections;
    private volatile int _cloggedOnes;
    private volatile int _bytesPerSecond;

    public TcpRelay(string endpoint)
    {
        _target = new Uri(endpoint).Port;
        _listener.Start();
        Endpoint = $"{new Uri(endpoint).Scheme}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _accepting = AcceptAsync();
    }

    public string Endpoint { get; }

    /// <summary>Ends all connections, and new ones as soon as they come.</summary>
    public void Cut()
    {
        _isCut = true;
        CloseAll();
    }

    /// <summary>Lets no more than this through, each way of each connection; 0 for as much as comes.</summary>
    public void Narrow(int bytesPerSecond) => _bytesPerSecond = bytesPerSecond;

    /// <summary>Lets connections live and nothing through.</summary>
    public void Clog() => _isClogged = true;

    /// <summary>Lets the connections that there are live and nothing through; new ones work.</summary>
    public void ClogOldOnes() => _cloggedOnes = _connections;

    public void Mend() => (_isCut, _isClogged) = (false, false);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        CloseAll();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client = await _listener.AcceptSocketAsync(_stop.Token);
            if (_isCut)
            {
                client.Close();
                continue;
            }

            var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await server.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
            lock (_lock)
                _sockets.AddRange([client, server]);
            int number = ++_connections;
            _ = PumpAsync(client, server, number);
            _ = PumpAsync(server, client, number);
        }
    }

    private async Task PumpAsync(Socket from, Socket to, int number)
    {
        byte[] buffer = new byte[1 << 16];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is > 0 and int count)
            {
                while (_isClogged || number <= _cloggedOnes)
                    await Task.Delay(20, _stop.Token);
                if (_bytesPerSecond is > 0 and int rate)
                    await Task.Delay(TimeSpan.FromSeconds((double)count / rate), _stop.Token);
                await to.SendAsync(buffer.AsMemory(0, count), _stop.Token);
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The connection ended.
        }

        from.Close();
        to.Close();
    }

    private void CloseAll()
    {
        lock (_lock)
        {
            _sockets.ForEach(socket => socket.Close());
            _sockets.Clear();
        }
    }
}
