using System.Net;
using System.Net.Sockets;

namespace Flannel.Lab.Stores;

/// <summary>An address on loopback that answers nobody who connects: its queue is full, and what more comes is dropped.</summary>
public sealed class SilentListener : IDisposable
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(30);

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _queued = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    /// <summary>Listens and fills the queue.</summary>
    /// <param name="address">The address.</param>
    /// <param name="port">The port; 0 for any.</param>
    public SilentListener(IPAddress address, int port = 0)
    {
        _listener.Bind(new IPEndPoint(address, port));
        _listener.Listen(0);
        _queued.Connect(_listener.LocalEndPoint!);
        // It is connected before the listener has it in its queue, and until then another one would get in.
        if (!_listener.Poll(WaitLimit, SelectMode.SelectRead)) throw new TimeoutException("The listener has not got the connection that fills it.");
    }

    /// <summary>The port.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <inheritdoc />
    public void Dispose()
    {
        _queued.Dispose();
        _listener.Dispose();
    }
}
