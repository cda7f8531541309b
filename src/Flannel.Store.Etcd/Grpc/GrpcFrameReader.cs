using System.Buffers.Binary;
using Google.Protobuf;

namespace Flannel.Store.Etcd.Grpc;

/// <summary>
/// Reads messages from a body, whose pieces have nothing to do with the borders of messages. What the other side claims is not believed: the memory
/// grows with what has arrived, up to a bound.
/// </summary>
/// <param name="body">The body of the answer.</param>
/// <param name="maxLength">The longest message accepted, in bytes.</param>
internal sealed class GrpcFrameReader(Stream body, int maxLength)
{
    /// <summary>The longest message accepted unless a test says otherwise: 64 MiB. A page of 5,000 leases takes about 1 MiB.</summary>
    public const int DefaultMaxLength = 64 << 20;

    private const int FirstLength = 16 << 10;

    // Messages of ordinary length are read into the same memory again and again; parsing copies what it keeps.
    private byte[] _buffer = new byte[FirstLength];

    /// <summary>The next message, or <see langword="null"/> at the end of the body.</summary>
    /// <exception cref="GrpcException">The body is not what gRPC sends.</exception>
    public async ValueTask<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken) where T : class, IMessage<T>
    {
        int read = await body.ReadAtLeastAsync(_buffer.AsMemory(0, GrpcFrame.HeaderLength), GrpcFrame.HeaderLength, throwOnEndOfStream: false, cancellationToken)
            .ConfigureAwait(false);
        if (read == 0)
            return null;
        if (read < GrpcFrame.HeaderLength)
            throw Malformed("it ended inside a message's header");

        int length = CheckHeader();
        await FillAsync(length, cancellationToken).ConfigureAwait(false);
        try
        {
            return parser.ParseFrom(_buffer, 0, length);
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new GrpcException(GrpcStatusCode.Internal, $"the answer holds a message that cannot be decoded: {error.Message}", error);
        }
        finally
        {
            if (_buffer.Length > FirstLength)
                _buffer = new byte[FirstLength];
        }
    }

    private int CheckHeader()
    {
        if (_buffer[0] != 0)
            throw Malformed("it is compressed, which was not asked for");
        uint length = BinaryPrimitives.ReadUInt32BigEndian(_buffer.AsSpan(1));
        if (length > (uint)maxLength)
            throw new GrpcException(GrpcStatusCode.OutOfRange, $"the answer holds a message of {length} bytes; at most {maxLength} are accepted");
        return (int)length;
    }

    private async ValueTask FillAsync(int length, CancellationToken cancellationToken)
    {
        int filled = 0;
        while (filled < length)
        {
            if (filled == _buffer.Length)
                Array.Resize(ref _buffer, (int)Math.Min((long)_buffer.Length * 2, length));
            int read = await body.ReadAsync(_buffer.AsMemory(filled, Math.Min(_buffer.Length, length) - filled), cancellationToken)
                .ConfigureAwait(false);
            if (read == 0)
                throw Malformed($"it ended {length - filled} bytes before the end of a message");
            filled += read;
        }
    }

    private static GrpcException Malformed(string what) => new(GrpcStatusCode.Internal, $"the answer is malformed: {what}");
}
