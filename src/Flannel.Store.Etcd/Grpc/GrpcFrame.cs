using System.Buffers.Binary;
using Google.Protobuf;

namespace Flannel.Store.Etcd.Grpc;

/// <summary>gRPC's envelope of one message: a byte that says whether it is compressed, its length in four bytes big-endian, the message.</summary>
internal static class GrpcFrame
{
    /// <summary>The length of what precedes the message.</summary>
    public const int HeaderLength = 5;

    /// <summary>The message in its envelope, not compressed.</summary>
    public static byte[] Encode<T>(T message) where T : IMessage<T>
    {
        int length = message.CalculateSize();
        byte[] frame = new byte[HeaderLength + length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), length);
        message.WriteTo(frame.AsSpan(HeaderLength));
        return frame;
    }
}
