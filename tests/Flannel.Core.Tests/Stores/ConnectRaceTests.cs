using System.Net;
using System.Net.Sockets;
using Flannel.Extensibility;
using Flannel.Lab.Stores;
using Flannel.Testing;

namespace Flannel.Core.Tests.Stores;

/// <summary>Attempts that end before anybody waits for them, which a connection on the same host does now and then.</summary>
public sealed class ConnectRaceTests : IDisposable
{
    private static readonly TimeSpan HeadStart = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(30);
    private static readonly IPAddress Silent = IPAddress.Parse("127.0.0.2"), Refused = IPAddress.Parse("127.0.0.3");

    private readonly FakeTimeProvider _time = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly SilentListener _silent;

    public ConnectRaceTests()
    {
        _listener.Start();
        _silent = new SilentListener(Silent, Port);
    }

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose()
    {
        _silent.Dispose();
        _listener.Dispose();
    }

    [Fact]
    public async Task AttemptThatFailsAtOnce_BesideASilentOne_GivesTheNextOneItsTurn()
    {
        int sockets = 0;
        Task<Socket> race = ConnectRace.ConnectAsync(
            [Silent, Refused, IPAddress.Loopback],
            Port,
            _time,
            _ =>
            {
                if (++sockets == 2)
                    throw new SocketException((int)SocketError.NetworkUnreachable); // as connecting does without a route: before it returns
            },
            CancellationToken.None);
        await _time.WaitForTimerAsync(HeadStart);
        _time.Advance(HeadStart);

        using Socket socket = await race.WaitAsync(WaitLimit);

        Assert.Equal(IPAddress.Loopback, ((IPEndPoint)socket.RemoteEndPoint!).Address.MapToIPv4());
        Assert.Equal(HeadStart, _time.Elapsed);
    }

    [Fact]
    public async Task LastAttempt_WhenItEndsBeforeOrAfterItIsWaitedFor_Wins()
    {
        // On loopback either happens: now and then a connection is there before the call that makes it has returned.
        for (int round = 0; round < 500; round++)
        {
            var time = new FakeTimeProvider();
            Task<Socket> race = ConnectRace.ConnectAsync([Silent, IPAddress.Loopback], Port, time, prepare: null, CancellationToken.None);
            await time.WaitForTimerAsync(HeadStart);
            time.Advance(HeadStart);

            using Socket socket = await race.WaitAsync(WaitLimit);
            using Socket accepted = await _listener.AcceptSocketAsync();
        }
    }
}
