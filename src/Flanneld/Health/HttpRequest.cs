using System.Text;

namespace Flanneld.Health;

/// <summary>As much of an HTTP/1.x request as health checks need: its method and its path. Headers are skipped, and a body is not expected.</summary>
internal sealed record HttpRequest(string Method, string Path)
{
    private const int MaxBytes = 8 * 1024;
    private const int MaxDrained = 64 * 1024;

    /// <summary>What to answer if it is no request.</summary>
    public HttpAnswer? Problem { get; private init; }

    /// <summary>Reads to the end of the headers.</summary>
    /// <exception cref="IOException">The client went away.</exception>
    public static async Task<HttpRequest> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[MaxBytes];
        int length = 0;
        while (length < MaxBytes)
        {
            int count = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (count == 0) throw new IOException("the client closed the connection before the end of its request");
            length += count;
            if (IsComplete(buffer.AsSpan(0, length))) return Parse(buffer.AsSpan(0, length));
        }

        return Refused(431, $"a request may have {MaxBytes} bytes\n");
    }

    /// <summary>Reads until the client has closed its side, within bounds.</summary>
    public static async Task DrainAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        for (int drained = 0; drained < MaxDrained;)
        {
            int count = await stream.ReadAsync(buffer, cancellationToken);
            if (count == 0) return;
            drained += count;
        }
    }

    // RFC 9112 2.2: a recipient may take a single LF for the end of a line.
    private static bool IsComplete(ReadOnlySpan<byte> bytes) => bytes.IndexOf("\r\n\r\n"u8) >= 0 || bytes.IndexOf("\n\n"u8) >= 0;

    private static HttpRequest Parse(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> line = bytes[..bytes.IndexOf((byte)'\n')].TrimEnd((byte)'\r');
        int first = line.IndexOf((byte)' ');
        int last = line.LastIndexOf((byte)' ');
        if (first <= 0 || last <= first + 1 || line.ContainsAnyExceptInRange((byte)' ', (byte)'~') || !line[(last + 1)..].StartsWith("HTTP/1."u8))
            return Refused(400, "this is no HTTP/1.1 request\n");

        string target = Encoding.ASCII.GetString(line[(first + 1)..last]);
        return new HttpRequest(Encoding.ASCII.GetString(line[..first]), PathOf(target));
    }

    private static string PathOf(string target)
    {
        // The absolute form, which proxies use.
        if (target.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        {
            int slash = target.IndexOf('/', "http://".Length);
            target = slash < 0 ? "/" : target[slash..];
        }

        int query = target.IndexOf('?', StringComparison.Ordinal);
        return query < 0 ? target : target[..query];
    }

    private static HttpRequest Refused(int status, string text) => new("", "") { Problem = new HttpAnswer(status, text) };
}
