using System.Net.Sockets;

namespace Flannel.Store.Etcd.Transport;

/// <summary>A connection that tells when it has ended: by the other side, by an error, or by this side.</summary>
/// <param name="socket">The connected socket; the stream owns it.</param>
internal sealed class ObservedStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the connection has.</summary>
    public Task Ended => _ended.Task;

    /// <inheritdoc />
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            int count = await base.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
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
