using Flannel.Cni.Interop;

namespace Flannel.Cni.Processes;

/// <summary>What one pipe brought, up to a limit. What is beyond is read and forgotten.</summary>
internal sealed unsafe class Capture(int limit)
{
    private byte[] _bytes = new byte[Math.Min(limit, 4096)];
    private int _length;

    public bool IsFull => _length == limit;

    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

    /// <summary>Reads once, from a pipe that has something or has ended. After the end it is not polled again.</summary>
    public void ReadFrom(ref Libc.PollEntry source)
    {
        const int Chunk = 16 * 1024;
        byte* chunk = stackalloc byte[Chunk];
        nint read = Libc.read(source.fd, chunk, Chunk);
        if (read <= 0)
        {
            source.fd = -1; // poll leaves it out
            source.revents = 0;
            return;
        }

        int kept = (int)Math.Min(read, limit - _length);
        if (_length + kept > _bytes.Length) Array.Resize(ref _bytes, Math.Min(limit, Math.Max(_bytes.Length * 2, _length + kept)));
        new ReadOnlySpan<byte>(chunk, kept).CopyTo(_bytes.AsSpan(_length));
        _length += kept;
    }
}
