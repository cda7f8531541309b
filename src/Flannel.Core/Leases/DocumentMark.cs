using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Flannel.Core.Leases;

/// <summary>What is remembered of a document whose bytes are not kept: enough to tell it from another one, whatever its size.</summary>
/// <param name="Length">Its length in bytes.</param>
/// <param name="HashHigh">The first eight bytes of its SHA-256.</param>
/// <param name="HashLow">The next eight.</param>
internal readonly record struct DocumentMark(int Length, ulong HashHigh, ulong HashLow)
{
    public static DocumentMark Of(ReadOnlySpan<byte> document)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(document, hash);
        return new DocumentMark(document.Length, BinaryPrimitives.ReadUInt64LittleEndian(hash), BinaryPrimitives.ReadUInt64LittleEndian(hash[8..]));
    }
}
