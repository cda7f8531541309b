using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Flannel.Benchmarks.Labs;

namespace OverlayBench.Load;

/// <summary>
/// Datagrams from container to container and back, one after the other. Blocking sockets and a thread of its own for each end: nothing but the kernel
/// stands between the packet and the clock.
/// </summary>
internal sealed class Echo : IDisposable
{
    private const int Port = 7;
    private const int Size = 64;
    private const int MostProbes = 1 << 20;
    private const int TimeoutMilliseconds = 200;

    private readonly Socket _server;
    private readonly Socket _client;
    private readonly Thread _thread;
    private volatile bool _isStopping;

    private Echo(ContainerPair pods)
    {
        _server = pods.Server.Namespace.Run(NewSocket);
        _server.Bind(new IPEndPoint(IPAddress.Any, Port));
        _client = pods.Client.Namespace.Run(NewSocket);
        _client.Connect(pods.ServerAddress, Port);
        _thread = new Thread(Answer) { IsBackground = true, Name = "echo" };
        _thread.Start();
    }

    /// <summary>Whether a datagram comes back.</summary>
    public static bool Answers(ContainerPair pods)
    {
        using var echo = new Echo(pods);
        return echo.Probe(1, new byte[Size]) is not null;
    }

    /// <summary>Sends datagrams and waits for each.</summary>
    /// <param name="pods">The containers.</param>
    /// <param name="duration">How long.</param>
    /// <returns>How many microseconds each that came back took, in order of length, and how many did not come back.</returns>
    public static (double[] Microseconds, int Lost) Measure(ContainerPair pods, TimeSpan duration)
    {
        using var echo = new Echo(pods);
        byte[] buffer = new byte[Size];
        double[] times = new double[MostProbes];
        (int count, int lost, long sequence) = (0, 0, 0);
        long start = Stopwatch.GetTimestamp();
        while (count < MostProbes && Stopwatch.GetElapsedTime(start) < duration)
        {
            if (echo.Probe(++sequence, buffer) is { } time) times[count++] = time;
            else lost++;
        }

        Array.Resize(ref times, count);
        Array.Sort(times);
        return (times, lost);
    }

    public void Dispose()
    {
        _isStopping = true;
        _thread.Join();
        _client.Dispose();
        _server.Dispose();
    }

    private static Socket NewSocket() =>
        new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = TimeoutMilliseconds };

    private double? Probe(long sequence, byte[] buffer)
    {
        BinaryPrimitives.WriteInt64LittleEndian(buffer, sequence);
        long start = Stopwatch.GetTimestamp();
        try
        {
            _client.Send(buffer);
            do _client.Receive(buffer);
            while (BinaryPrimitives.ReadInt64LittleEndian(buffer) != sequence); // late ones were given up
        }
        catch (SocketException)
        {
            return null; // lost, or there is no way yet
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds;
    }

    private void Answer()
    {
        byte[] buffer = new byte[Size];
        var sender = new SocketAddress(AddressFamily.InterNetwork);
        while (!_isStopping)
        {
            try
            {
                int length = _server.ReceiveFrom(buffer, SocketFlags.None, sender);
                _server.SendTo(buffer.AsSpan(0, length), SocketFlags.None, sender);
            }
            catch (SocketException)
            {
                // Nothing came for a while: look whether there is more to do.
            }
        }
    }
}
