using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Flannel.Store.Etcd.Tests.Lab;

/// <summary>Speaks just enough HTTP/2 to take a gRPC request, and answers it with whatever bytes a test wants.</summary>
internal sealed class RawGrpcServer : IAsyncDisposable
{
    private const byte Data = 0, HeadersType = 1, Settings = 4, Ping = 6, Ack = 1, EndStream = 1, EndHeaders = 4;
    private static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<int, byte[]> _answer;
    private readonly bool _closes;
    private readonly Task _accepting;
    private int _requests;

    /// <param name="answer">The bytes that answer a request, given the number of its stream. They follow the request's first message.</param>
    /// <param name="closes">Whether the connection ends after the answer.</param>
    public RawGrpcServer(Func<int, byte[]> answer, bool closes = false)
    {
        _answer = answer;
        _closes = closes;
        _listener.Start();
        Endpoint = $"http://{_listener.LocalEndpoint}";
        _accepting = AcceptAsync();
    }

    public string Endpoint { get; }

    /// <summary>How many requests came.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>The headers of a proper answer.</summary>
    public static byte[] Start(int stream) => Headers(stream, isLast: false, (":status", "200"), ("content-type", "application/grpc"));

    /// <summary>Trailers.</summary>
    public static byte[] End(int stream, string status = "0", string? message = null) =>
        message is null
            ? Headers(stream, isLast: true, ("grpc-status", status))
            : Headers(stream, isLast: true, ("grpc-status", status), ("grpc-message", message));

    public static byte[] Headers(int stream, bool isLast, params (string Name, string Value)[] headers)
    {
        using var block = new MemoryStream();
        foreach ((string name, string value) in headers)
        {
            block.WriteByte(0); // literal, not indexed, new name
            block.WriteByte((byte)name.Length);
            block.Write(Encoding.ASCII.GetBytes(name));
            block.WriteByte((byte)value.Length);
            block.Write(Encoding.ASCII.GetBytes(value));
        }

        return Frame(HeadersType, isLast ? EndHeaders | EndStream : EndHeaders, stream, block.ToArray());
    }

    /// <summary>A piece of the body.</summary>
    public static byte[] Body(int stream, byte[] bytes, bool isLast = false) => Frame(Data, isLast ? EndStream : 0, stream, bytes);

    /// <summary>A message in gRPC's envelope.</summary>
    public static byte[] Message(byte[] message, byte flag = 0, uint? length = null)
    {
        byte[] framed = [flag, 0, 0, 0, 0, .. message];
        BinaryPrimitives.WriteUInt32BigEndian(framed.AsSpan(1), length ?? (uint)message.Length);
        return framed;
    }

    public static byte[] Frame(byte type, int flags, int stream, byte[] payload)
    {
        byte[] frame = [0, 0, 0, type, (byte)flags, 0, 0, 0, 0, .. payload];
        frame[0] = (byte)(payload.Length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), (ushort)payload.Length);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        return frame;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
                serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        finally
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using TcpClient owned = client;
        NetworkStream stream = client.GetStream();
        try
        {
            await stream.ReadExactlyAsync(new byte[Preface.Length], _stop.Token);
            await stream.WriteAsync(Frame(Settings, 0, 0, []), _stop.Token);
            byte[] header = new byte[9];
            var answered = new HashSet<int>();
            while (true)
            {
                await stream.ReadExactlyAsync(header, _stop.Token);
                byte[] payload = new byte[(header[0] << 16) + (header[1] << 8) + header[2]];
                await stream.ReadExactlyAsync(payload, _stop.Token);
                int id = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5));
                if (header[3] is Settings or Ping && (header[4] & Ack) == 0)
                {
                    await stream.WriteAsync(Frame(header[3], Ack, 0, header[3] == Ping ? payload : []), _stop.Token);
                }
                else if (header[3] == Data && payload.Length > 0 && answered.Add(id))
                {
                    Interlocked.Increment(ref _requests);
                    await stream.WriteAsync(_answer(id), _stop.Token);
                    if (_closes)
                        return;
                }
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or SocketException)
        {
            // The connection ended.
        }
    }
}
