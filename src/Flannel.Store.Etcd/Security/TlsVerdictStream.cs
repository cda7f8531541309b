using Flannel.Extensibility;

namespace Flannel.Store.Etcd.Security;

/// <summary>
/// A TLS connection that knows why the server closed it. In TLS 1.3 the client's handshake is over before the server has judged the client's
/// certificate; the verdict comes as an alert with the first read, while the HTTP/2 stack fails on a write and reports that. So the first read is
/// made here, and whatever fails before it has succeeded is reported as what it says. From then on everything passes through.
/// </summary>
internal sealed class TlsVerdictStream : Stream
{
    private readonly Stream _inner;
    private readonly string? _certificate;
    private readonly Action<TlsException?> _tell;
    private readonly byte[] _buffer = new byte[4096];
    private readonly Task<TlsException?> _verdict;

    // What came with the verdict and has not been taken yet; the reader's alone once the verdict is there.
    private ReadOnlyMemory<byte> _first;
    private volatile bool _isDone;

    /// <param name="inner">The connection, after the client's part of the handshake.</param>
    /// <param name="certificate">The certificate that the server was shown if it asked, or <see langword="null"/>.</param>
    /// <param name="tell">Told the verdict before anybody sees a failure: the refusal, or <see langword="null"/>.</param>
    public TlsVerdictStream(Stream inner, string? certificate, Action<TlsException?> tell)
    {
        _inner = inner;
        _certificate = certificate;
        _tell = tell;
        _tell(null);
        _verdict = ReadVerdictAsync();
    }

    /// <inheritdoc />
    public override bool CanRead => _inner.CanRead;

    /// <inheritdoc />
    public override bool CanWrite => _inner.CanWrite;

    /// <inheritdoc />
    public override bool CanSeek => false;

    /// <inheritdoc />
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc />
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc />
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _isDone ? _inner.ReadAsync(buffer, cancellationToken) : ReadFirstAsync(buffer, cancellationToken);

    /// <inheritdoc />
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _isDone ? _inner.WriteAsync(buffer, cancellationToken) : WriteFirstAsync(buffer, cancellationToken);

    /// <inheritdoc />
    public override Task FlushAsync(CancellationToken cancellationToken) => _inner.FlushAsync(cancellationToken);

    /// <inheritdoc />
    public override void Flush() => _inner.Flush();

    /// <inheritdoc />
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc />
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc />
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc />
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        await _inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _inner.Dispose();
        base.Dispose(disposing);
    }

    private async Task<TlsException?> ReadVerdictAsync()
    {
        try
        {
            _first = _buffer.AsMemory(0, await _inner.ReadAsync(_buffer).ConfigureAwait(false));
            return null;
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Whatever else it is, the next read or write meets it again.
            if (TlsFailure.FindAlert(error) is not { } alert)
                return null;
            var refusal = new TlsException(TlsFailure.Describe(alert, _certificate ?? ""));
            _tell(refusal);
            return refusal;
        }
    }

    private async ValueTask<int> ReadFirstAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (await _verdict.WaitAsync(cancellationToken).ConfigureAwait(false) is { } refusal)
            throw refusal;
        int count = Math.Min(buffer.Length, _first.Length);
        _first[..count].CopyTo(buffer);
        _first = _first[count..];
        _isDone = _first.IsEmpty;
        return count > 0 || buffer.IsEmpty ? count : await _inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask WriteFirstAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            await _inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // A connection that cannot be written ends the read as well, so this does not wait.
            if (await _verdict.WaitAsync(cancellationToken).ConfigureAwait(false) is { } refusal)
                throw refusal;
            throw;
        }
    }
}
