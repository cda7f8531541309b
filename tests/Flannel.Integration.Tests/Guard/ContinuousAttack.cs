using System.Net;
using System.Net.Sockets;

namespace Flannel.Integration.Tests.Guard;

/// <summary>Sends one datagram after the other while a test does something, and counts what arrives elsewhere.</summary>
internal sealed class ContinuousAttack : IAsyncDisposable
{
    private readonly Socket _sender;
    private readonly Socket _receiver;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _sending;
    private int _sent;

    public ContinuousAttack(Socket sender, Socket receiver, byte[] payload, IPEndPoint target)
    {
        (_sender, _receiver) = (sender, receiver);
        _sending = Task.Run(() => SendAsync(payload, target));
    }

    /// <summary>How many were sent.</summary>
    public int Sent => Volatile.Read(ref _sent);

    /// <summary>Stops sending.</summary>
    /// <returns>How many arrived.</returns>
    public async Task<int> StopAsync()
    {
        await _stop.CancelAsync();
        await _sending;
        int arrived = 0;
        for (; _receiver.Available > 0; arrived++) _receiver.Receive(new byte[64]);
        return arrived;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _sender.Dispose();
        _receiver.Dispose();
        _stop.Dispose();
    }

    private async Task SendAsync(byte[] payload, IPEndPoint target)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (!_stop.IsCancellationRequested)
        {
            _sender.SendTo(payload, target);
            Interlocked.Increment(ref _sent);
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
