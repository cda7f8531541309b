using System.Buffers.Binary;
using Flannel.Store.Etcd.Grpc;
using Flannel.Store.Etcd.Protocol;
using Google.Protobuf;

namespace Flannel.Store.Etcd.Tests.Grpc;

public sealed class GrpcFrameTests
{
    private const int MaxLength = 1 << 20;

    [Fact]
    public void Encode_Txn_HasEtcdsExactBytes()
    {
        TxnRequest txn = EtcdTxn.Create(ByteString.CopyFromUtf8("/k"), ByteString.CopyFromUtf8("{}"), 5);

        Assert.Equal(
            "00" + "0000001e" +
            "0a06" + "1a022f6b" + "2000" + // compare: key "/k", version 0; EQUAL and VERSION are 0 and stay off the wire
            "120c" + "120a" + "0a022f6b" + "12027b7d" + "1805" + // then: put "/k" = "{}", lease 5
            "1a06" + "0a04" + "0a022f6b", // else: range "/k"
            Convert.ToHexStringLower(GrpcFrame.Encode(txn)));
    }

    [Fact]
    public void Encode_Update_KeepsTheLease()
    {
        TxnRequest txn = EtcdTxn.Update(ByteString.CopyFromUtf8("/k"), 300, ByteString.CopyFromUtf8("{}"));

        Assert.Equal(
            "00" + "00000023" +
            "0a09" + "1002" + "1a022f6b" + "30ac02" + // compare: MOD of "/k" equals 300
            "120e" + "120c" + "0a022f6b" + "12027b7d" + "2001" + "3001" + // then: put, return the key as it was, keep its lease
            "1a06" + "0a04" + "0a022f6b",
            Convert.ToHexStringLower(GrpcFrame.Encode(txn)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4096)]
    public async Task Read_AnyPieces_YieldsTheMessages(int piece)
    {
        KeyValue[] sent = [.. Enumerable.Range(0, 50).Select(number => new KeyValue { ModRevision = number + 1, Value = ByteString.CopyFrom(new byte[number * 700]) })];
        var reader = new GrpcFrameReader(new PieceStream([.. sent.SelectMany(GrpcFrame.Encode)], piece), MaxLength);

        foreach (KeyValue message in sent)
            Assert.Equal(message, await reader.ReadAsync(KeyValue.Parser, CancellationToken.None));
        Assert.Null(await reader.ReadAsync(KeyValue.Parser, CancellationToken.None));
    }

    [Theory]
    [InlineData("00", "inside a message's header")]
    [InlineData("00000000", "inside a message's header")]
    [InlineData("0000000005aabb", "3 bytes before the end")]
    [InlineData("0100000000", "compressed")]
    [InlineData("00ffffffff", "at most")]
    [InlineData("007fffffff", "at most")]
    [InlineData("0000100001", "at most")]
    [InlineData("0000000002ffff", "cannot be decoded")]
    [InlineData("00000000020aff", "cannot be decoded")]
    public async Task Read_HostileInput_IsRefusedWithAReason(string hex, string reason)
    {
        var reader = new GrpcFrameReader(new MemoryStream(Convert.FromHexString(hex)), MaxLength);

        GrpcException error = await Assert.ThrowsAsync<GrpcException>(async () => await reader.ReadAsync(KeyValue.Parser, CancellationToken.None));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_ClaimOfManyBytes_TakesNoMemoryForThem()
    {
        byte[] claim = new byte[GrpcFrame.HeaderLength + 10];
        BinaryPrimitives.WriteInt32BigEndian(claim.AsSpan(1), GrpcFrameReader.DefaultMaxLength);
        var reader = new GrpcFrameReader(new MemoryStream(claim), GrpcFrameReader.DefaultMaxLength);
        long before = GC.GetAllocatedBytesForCurrentThread();

        await Assert.ThrowsAsync<GrpcException>(async () => await reader.ReadAsync(KeyValue.Parser, CancellationToken.None));

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public async Task Read_RandomBytes_NeverThrowsAnythingElse()
    {
        var random = new Random(7);
        for (int round = 0; round < 5000; round++)
        {
            byte[] bytes = new byte[random.Next(64)];
            random.NextBytes(bytes);
            if (bytes.Length > 4 && round % 2 == 0)
                bytes.AsSpan(0, 4).Clear();
            var reader = new GrpcFrameReader(new MemoryStream(bytes), MaxLength);
            Exception? error = await Record.ExceptionAsync(async () =>
            {
                while (await reader.ReadAsync(WatchResponse.Parser, CancellationToken.None) is not null)
                {
                    // As long as there are messages.
                }
            });
            Assert.True(error is null or GrpcException, $"{Convert.ToHexString(bytes)}: {error}");
        }
    }

    /// <summary>Hands out its bytes in pieces.</summary>
    private sealed class PieceStream(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, piece)], cancellationToken);
    }
}
