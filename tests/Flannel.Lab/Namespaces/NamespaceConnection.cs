using System.Net.Sockets;

namespace Flannel.Lab.Namespaces;

/// <summary>Connects an HTTP client from inside a host's namespace. A socket stays in the namespace that it was made in.</summary>
public static class NamespaceConnection
{
    /// <summary>What to set as <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <param name="host">The host, or null for the namespace of this process.</param>
    public static Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> From(LabNode? host) =>
        async (context, cancellationToken) =>
    {
        Socket socket = host is null ? NewSocket() : host.Run(NewSocket);
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    };

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
}
