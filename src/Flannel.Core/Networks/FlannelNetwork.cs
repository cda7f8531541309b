using Flannel.Core.Hosting;

namespace Flannel.Core.Networks;

/// <summary>A network that is there: its node and its parts.</summary>
/// <param name="node">The node.</param>
/// <param name="parts">What the node is made of.</param>
/// <param name="services">The services as the network sees them, if it has its own view.</param>
internal sealed class FlannelNetwork(FlannelNode node, NetworkParts parts, RecipeServices? services) : IAsyncDisposable
{
    public FlannelNode Node => node;

    /// <summary>Stops the node for good as it was told, then closes what it stood on.</summary>
    /// <param name="mode">What stays behind; <see langword="null"/> for what the options say.</param>
    /// <param name="cancellationToken">Cuts the stop short.</param>
    public async Task RemoveAsync(StopMode? mode, CancellationToken cancellationToken)
    {
        await node.EndAsync(mode, cancellationToken).ConfigureAwait(false);
        await parts.CloseAsync().ConfigureAwait(false);
        services?.Dispose();
    }

    public async ValueTask DisposeAsync() => await RemoveAsync(mode: null, CancellationToken.None).ConfigureAwait(false);
}
