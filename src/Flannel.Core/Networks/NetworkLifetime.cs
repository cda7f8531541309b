namespace Flannel.Core.Networks;

/// <summary>
/// Ties a network that is made while the process runs to the service provider. A provider disposes of what it has made in reverse order, so one of
/// these, made after the network, goes before everything that the network stands on.
/// </summary>
internal sealed class NetworkLifetime : IDisposable, IAsyncDisposable
{
    private IAsyncDisposable? _network;

    /// <summary>Ties a network, or unties it.</summary>
    public void Tie(IAsyncDisposable? network) => Volatile.Write(ref _network, network);

    public async ValueTask DisposeAsync()
    {
        if (Volatile.Read(ref _network) is { } network) await network.DisposeAsync().ConfigureAwait(false);
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();
}
