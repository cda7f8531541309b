using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.Udp.Tests.Support;

/// <summary>Sends bytes that look random from one node of a lab to another by TCP, and compares what arrived by its hash.</summary>
internal static class TcpTransfer
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    // A tenth of what the slowest step of the ladder does on an idle machine.
    private const double SlowestBytesPerSecond = 10e6;

    /// <summary>Sends and compares.</summary>
    /// <param name="from">The sender.</param>
    /// <param name="to">The receiver.</param>
    /// <param name="address">The receiver's address.</param>
    /// <param name="bytes">How much.</param>
    /// <param name="configure">Sets options of the sending socket before it connects.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task RunAsync(
        LabNode from, LabNode to, IPAddress address, long bytes, Action<Socket>? configure = null, CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Deadline + TimeSpan.FromSeconds(bytes / SlowestBytesPerSecond));
        using Socket listener = to.Run(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen();
        Task<byte[]> receiving = ReceiveAsync(listener, limit.Token);
        byte[] sent = await SendAsync(from, (IPEndPoint)listener.LocalEndPoint!, bytes, configure, limit.Token);
        Assert.Equal(sent, await receiving);
    }

    private static async Task<byte[]> SendAsync(
        LabNode from, IPEndPoint to, long bytes, Action<Socket>? configure, CancellationToken cancellationToken)
    {
        using Socket socket = from.Run(() => new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        configure?.Invoke(socket);
        await socket.ConnectAsync(to, cancellationToken);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(4711);
        byte[] buffer = new byte[1 << 20];
        while (bytes > 0)
        {
            // Odd lengths make odd segments.
            int length = (int)Math.Min(bytes, random.Next(1, buffer.Length));
            random.NextBytes(buffer.AsSpan(0, length));
            hash.AppendData(buffer, 0, length);
            for (int sent = 0; sent < length;)
                sent += await socket.SendAsync(buffer.AsMemory(sent, length - sent), cancellationToken);
            bytes -= length;
        }

        socket.Shutdown(SocketShutdown.Send);
        return hash.GetHashAndReset();
    }

    private static async Task<byte[]> ReceiveAsync(Socket listener, CancellationToken cancellationToken)
    {
        using Socket socket = await listener.AcceptAsync(cancellationToken);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        while (await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken) is var length and > 0) hash.AppendData(buffer, 0, length);
        return hash.GetHashAndReset();
    }
}
