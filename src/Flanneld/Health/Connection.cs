using System.Net.Sockets;

namespace Flanneld.Health;

/// <summary>One client, with the time that it has left.</summary>
internal sealed class Connection : IDisposable
{
    private readonly CancellationTokenSource _limit;
    private readonly CancellationTokenRegistration _stop;

    /// <param name="socket">The connection; closed with this.</param>
    /// <param name="time">The clock of the limit.</param>
    /// <param name="stop">Ends it.</param>
    public Connection(Socket socket, TimeProvider time, CancellationToken stop)
    {
        Socket = socket;
        Stream = new NetworkStream(socket, ownsSocket: true);
        _limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _stop = stop.Register(_limit.Cancel);
    }

    public Socket Socket { get; }

    public NetworkStream Stream { get; }

    /// <summary>Cancelled when its time is over.</summary>
    public CancellationToken Limit => _limit.Token;

    /// <summary>Whether its request has come and its answer has not gone yet.</summary>
    public bool IsAnswering { get; set; }

    /// <summary>The answering of it.</summary>
    public Task Ended { get; set; } = Task.CompletedTask;

    /// <summary>Gives it so much time from now, unless it is over already.</summary>
    public void EndIn(TimeSpan time) => _limit.CancelAfter(time);

    /// <summary>Ends it, for another one.</summary>
    public void End() => _limit.Cancel();

    public void Dispose()
    {
        _stop.Dispose();
        _limit.Dispose();
        Stream.Dispose();
    }
}
