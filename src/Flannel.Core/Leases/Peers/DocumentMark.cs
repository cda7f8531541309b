namespace Flannel.Core.Leases.Peers;

/// <summary>
/// What is remembered of a document whose bytes are not kept: enough to tell it from another one, whatever its size. The hashes are of a seed of this
/// process, so nobody can prepare two documents that look alike; a cryptographic hash would load OpenSSL into every process.
/// </summary>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Hash">A hash of its bytes.</param>
/// <param name="OtherHash">A hash of something else and its bytes.</param>
internal readonly record struct DocumentMark(int Length, int Hash, int OtherHash)
{
    public static DocumentMark Of(ReadOnlySpan<byte> document)
    {
        var (hash, other) = (new HashCode(), new HashCode());
        hash.AddBytes(document);
        other.Add(document.Length);
        other.AddBytes(document);
        return new DocumentMark(document.Length, hash.ToHashCode(), other.ToHashCode());
    }
}
