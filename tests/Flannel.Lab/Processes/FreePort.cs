using System.Net;
using System.Net.Sockets;

namespace Flannel.Lab.Processes;

/// <summary>
/// Ports for servers that go away and come back. They lie below those that the kernel gives to connections (net.ipv4.ip_local_port_range): a client
/// that calls a server which is away could be given its port, and even connect to itself.
/// </summary>
internal static class FreePort
{
    private const int First = 15_000;
    private const int End = 32_000;

    private static readonly Lock Gate = new();
    private static readonly HashSet<int> Taken = [];

    /// <summary>A port that nobody listens at on loopback; this process gets it once.</summary>
    public static int Take()
    {
        lock (Gate)
        {
            while (true)
            {
                int port = Random.Shared.Next(First, End);
                if (Taken.Contains(port)) continue;
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                    Taken.Add(port);
                    return port;
                }
                catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
                {
                    // Another process has it.
                }
            }
        }
    }
}
