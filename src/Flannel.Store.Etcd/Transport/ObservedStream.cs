using System.Net.Sockets;

namespace Flannel.Store.Etcd.Transport;

/// <summary>A connection that tells when it has ended: by the other side, by an error, or by this side; and how long it has been silent.</summary>
/// <param name="socket">The connected socket; the stream owns it.</param>
/// <param name="time">The clock.</param>
internal sealed class ObservedStream(Socket socket, TimeProvider time) : NetworkStream(socket, ownsSocket: true)
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private long _readAt = time.GetTimestamp();

    /// <summary>How long nothing has come.</summary>
    public TimeSpan Silence => time.GetElapsedTime(Volatile.Read(ref _readAt));

    /// <summary>Ends when the connection has.</summary>
    public Task Ended => _ended.Task;

    /// <inheritdoc />
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            int count = await base.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref _readAt, time.GetTimestamp());
            // Reading nothing is how HTTP waits for data without holding memory.
            if (count == 0 && buffer.Length > 0)
                _ended.TrySetResult();
            return count;
        }
        catch (IOException)
        {
            _ended.TrySetResult();
            throw;
        }
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        _ended.TrySetResult();
        base.Dispose(disposing);
    }
}
