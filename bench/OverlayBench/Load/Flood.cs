using System.Net;
using System.Net.Sockets;
using Flannel.Benchmarks.Labs;

namespace OverlayBench.Load;

/// <summary>Datagrams from one container to the other, as many as one thread can send. The other's socket takes none of them.</summary>
internal sealed class Flood : IDisposable
{
    private const int Port = 9;

    private readonly Socket _sink;
    private readonly Socket _source;
    private readonly Thread _thread;
    private volatile bool _isStopping;

    /// <summary>Starts to send.</summary>
    /// <param name="pods">The containers.</param>
    /// <param name="size">The bytes of data in each datagram.</param>
    public Flood(ContainerPair pods, int size)
    {
        _sink = pods.Server.Namespace.Run(NewSocket);
        _sink.ReceiveBufferSize = 0; // the kernel's least: an application that reads would be measured too
        _sink.Bind(new IPEndPoint(IPAddress.Any, Port));
        _source = pods.Client.Namespace.Run(NewSocket);
        _source.Connect(pods.ServerAddress, Port);
        _thread = new Thread(() => Send(new byte[size])) { IsBackground = true, Name = "flood" };
        _thread.Start();
    }

    public void Dispose()
    {
        _isStopping = true;
        _thread.Join();
        _source.Dispose();
        _sink.Dispose();
    }

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    private void Send(byte[] datagram)
    {
        while (!_isStopping) _source.Send(datagram);
    }
}
